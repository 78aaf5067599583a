// What makes two images differ, told from the index down to the entry of a layer, so that unequal digests can be understood.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readTar } from './layer/layer-fixture.ts';

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly platform?: { readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Document {
  readonly manifests?: readonly Descriptor[];
  /** A config has one too, which is no descriptor. */
  readonly config?: Descriptor | Record<string, unknown>;
  readonly layers?: readonly Descriptor[];
}

interface Blob {
  readonly layout: string;
  readonly descriptor: Descriptor;
}

/** Differences of the only images of two OCI layouts, one a line; none for equal digests. */
export async function imageDifferences(left: string, right: string): Promise<string[]> {
  return blobDifferences('', await rootOf(left), await rootOf(right));
}

async function rootOf(layout: string): Promise<Blob> {
  const { manifests = [] } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as Document;
  const [descriptor] = manifests;
  if (!descriptor || manifests.length > 1) throw new Error(`${layout} holds ${manifests.length} images`);
  return { layout, descriptor };
}

const bytesOf = ({ layout, descriptor }: Blob): Promise<Buffer> =>
  readFile(join(layout, 'blobs', 'sha256', descriptor.digest.slice(7)));

async function blobDifferences(what: string, left: Blob, right: Blob): Promise<string[]> {
  if (left.descriptor.digest === right.descriptor.digest) return [];
  const [a, b] = await Promise.all([bytesOf(left), bytesOf(right)]);
  if (left.descriptor.mediaType.includes('.layer.')) return layerDifferences(what, a, b);
  const [before, after] = [a, b].map((bytes) => JSON.parse(bytes.toString()) as Document);
  const lines = leafDifferences(what, before, after);
  const others = childrenOf(after!);
  for (const [index, child] of childrenOf(before!).entries()) {
    const other = others[index];
    if (other)
      lines.push(
        ...(await blobDifferences(
          `${what}/${nameOf(child)}`,
          { ...left, descriptor: child },
          { ...right, descriptor: other },
        )),
      );
  }
  return lines;
}

function childrenOf({ manifests = [], config, layers = [] }: Document): Descriptor[] {
  const own = config && 'digest' in config ? [config as Descriptor] : [];
  return [...manifests, ...own, ...layers];
}

function nameOf({ platform, annotations, mediaType }: Descriptor): string {
  return platform?.architecture ?? annotations?.['dev.imagespec.layer.content'] ?? mediaType;
}

function leafDifferences(what: string, before: unknown, after: unknown): string[] {
  return mapDifferences(what, new Map(leavesOf('', before)), new Map(leavesOf('', after)));
}

function leavesOf(path: string, value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(`${path}.${key}`, inner));
}

function mapDifferences(
  what: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const changed = [...before].filter(([key, value]) => after.get(key) !== value);
  const added = [...after].filter(([key]) => !before.has(key));
  return [
    ...changed.map(([key, value]) => `${what} ${key}: ${value} → ${after.get(key) ?? 'absent'}`),
    ...added.map(([key, value]) => `${what} ${key}: absent → ${value}`),
  ];
}

async function layerDifferences(what: string, left: Buffer, right: Buffer): Promise<string[]> {
  const [a, b] = [gunzipSync(left), gunzipSync(right)];
  if (a.equals(b)) return [`${what}: equal tars, compressed differently`];
  const lines = mapDifferences(what, await entriesOf(a), await entriesOf(b));
  return lines.length > 0 ? lines : [`${what}: equal entries in another order or with other headers`];
}

async function entriesOf(tar: Buffer): Promise<Map<string, string>> {
  const entries = (await readTar(tar)).map(({ header, body }): [string, string] => {
    const { name, type, mode, uid, gid, mtime, size, linkname, pax } = header;
    const content = createHash('sha256').update(body).digest('hex').slice(0, 12);
    return [
      name,
      JSON.stringify({ type, mode: mode.toString(8), uid, gid, mtime, size, link: linkname, pax, content }),
    ];
  });
  return new Map(entries);
}
