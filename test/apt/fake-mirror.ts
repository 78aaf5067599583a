// An archive of Debian packages for tests: made in memory, signed with keys made for it, served on loopback or out of a folder, with planned faults.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { PrivateKey } from 'openpgp';
import { createCleartextMessage, createMessage, generateKey, sign } from 'openpgp';
import { onTestFinished } from 'vitest';
import { digestOf, hexOf } from '../../src/core/digest.ts';
import type { Fault, RecordedRequest } from '../registry/fake-server.ts';
import { createPlan, listen } from '../registry/fake-server.ts';
import { storeXz } from '../deb/store-xz.ts';

/** The day of these archives (milliseconds), a few weeks after their keys were made. */
export const ARCHIVE_DATE = Date.UTC(2026, 0, 20, 12);
const KEY_DATE = Date.UTC(2026, 0, 1);

export interface ArchiveKey {
  readonly secret: PrivateKey;
  /** Armored. */
  readonly public: string;
  /** 16 hexadecimal digits in upper case, as messages have it. */
  readonly id: string;
  readonly fingerprint: string;
}

/** @param days until it expires, from the first of January 2026 on; never unless said */
export async function makeArchiveKey(days?: number): Promise<ArchiveKey> {
  const made = await generateKey({
    type: 'ecc',
    userIDs: [{ name: 'Archive' }],
    date: new Date(KEY_DATE),
    format: 'object',
    ...(days !== undefined && { keyExpirationTime: days * 86_400 }),
  });
  const fingerprint = made.publicKey.getFingerprint().toUpperCase();
  const id = made.publicKey.getKeyID().toHex().toUpperCase();
  return { secret: made.privateKey, public: made.publicKey.armor(), id, fingerprint };
}

export interface ArchivePackage {
  /** Package and Version are enough: Architecture is `all` and Filename in `pool/` unless said otherwise. */
  readonly control: Readonly<Record<string, string>>;
  /** Bytes of the .deb. */
  readonly deb?: Uint8Array;
  /** `main` unless said otherwise. */
  readonly component?: string;
}

type IndexEnding = '.xz' | '.zst' | '.gz' | '';

export interface ArchiveOptions {
  readonly packages?: readonly ArchivePackage[];
  /** Sign the Release file, each; none: nobody does. */
  readonly keys?: readonly ArchiveKey[];
  /** The name under `dists`, `bookworm` unless said otherwise; an exact path, if it ends in `/`. */
  readonly suite?: string;
  /** What the archive has; amd64 unless said otherwise. */
  readonly architectures?: readonly string[];
  /** `main` unless said otherwise. */
  readonly components?: readonly string[];
  /** Fields of the Release file, in place of or besides the usual ones; undefined leaves one out. */
  readonly release?: Readonly<Record<string, string | undefined>>;
  /** Forms of the indices, of those that the Release file lists. */
  readonly endings?: readonly IndexEnding[];
  /** Whether the Release file lists the content of indices that are only there compressed; true unless said otherwise. */
  readonly listsContent?: boolean;
  /** Release and Release.gpg in place of InRelease. */
  readonly detached?: boolean;
  /** Last changes to a file, after everything was signed: undefined removes it. Paths below the URI. */
  readonly change?: (path: string, bytes: Buffer) => Buffer | undefined;
}

/** Files of the archive by path below its URI. */
export async function makeArchive(options: ArchiveOptions = {}): Promise<ReadonlyMap<string, Buffer>> {
  const { keys = [], suite = 'bookworm', detached = false, change = (_path, bytes) => bytes } = options;
  const folder = suite.endsWith('/') ? suite.replace(/^\.?\//, '') : `dists/${suite}/`;
  const indices = indicesOf(options);
  const text = releaseText(options, indices);
  const files = new Map<string, Buffer>();
  for (const { path, bytes } of indices.filter(({ isServed }) => isServed)) {
    files.set(folder + path, bytes);
    files.set(`${folder}${path.replace(/[^/]*$/, '')}by-hash/SHA256/${hexOf(digestOf(bytes))}`, bytes);
  }
  for (const { control, deb } of options.packages ?? []) {
    if (deb) files.set(filenameOf(control), Buffer.from(deb));
  }
  if (detached) {
    files.set(`${folder}Release`, Buffer.from(text));
    if (keys.length > 0) files.set(`${folder}Release.gpg`, Buffer.from(await signDetached(text, keys)));
  } else {
    files.set(`${folder}InRelease`, Buffer.from(keys.length > 0 ? await signClear(text, keys) : text));
  }
  const changed = [...files].map(([path, bytes]) => [path, change(path, Buffer.from(bytes))] as const);
  return new Map(changed.flatMap(([path, bytes]) => (bytes ? [[path, bytes] as const] : [])));
}

interface MadeIndex {
  /** Below the folder of the Release file. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly isServed: boolean;
}

const COMPRESS: Readonly<Record<IndexEnding, (bytes: Buffer) => Buffer>> = {
  '.xz': storeXz,
  '.zst': (bytes) => zstdCompressSync(bytes),
  '.gz': (bytes) => gzipSync(bytes),
  '': (bytes) => bytes,
};

function indicesOf(options: ArchiveOptions): MadeIndex[] {
  const { architectures = ['amd64'], components = ['main'], suite = 'bookworm', endings = ['.xz'] } = options;
  const { packages = [], listsContent = true } = options;
  const inArchitecture = (name: string) => (one: ArchivePackage) =>
    [name, 'all'].includes(one.control['Architecture'] ?? 'all');
  const wanted = suite.endsWith('/')
    ? [{ path: 'Packages', chosen: packages }]
    : components.flatMap((component) => {
        const own = packages.filter((one) => (one.component ?? 'main') === component.replace(/^.*\//, ''));
        return architectures.map((name) => ({
          path: `${component.replace(/^.*\//, '')}/binary-${name}/Packages`,
          chosen: own.filter(inArchitecture(name)),
        }));
      });
  return wanted.flatMap(({ path, chosen }) => {
    const content = Buffer.from(chosen.map(stanzaOf).join('\n'));
    const forms = new Set<IndexEnding>([...(listsContent ? ([''] as const) : []), ...endings]);
    return [...forms].map((ending) => ({
      path: path + ending,
      bytes: COMPRESS[ending](content),
      isServed: endings.includes(ending),
    }));
  });
}

function filenameOf(control: Readonly<Record<string, string>>): string {
  const { Package: name, Version: version, Architecture: architecture = 'all' } = control;
  return control['Filename'] ?? `pool/${name}_${version}_${architecture}.deb`;
}

function stanzaOf({ control, deb = new Uint8Array() }: ArchivePackage): string {
  const fields = {
    Architecture: 'all',
    Filename: filenameOf(control),
    Size: String(deb.length),
    SHA256: hexOf(digestOf(deb)),
    Description: 'a package for tests',
    ...control,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  return lines.sort((a, b) => Number(b.startsWith('Package:')) - Number(a.startsWith('Package:'))).join('');
}

function releaseText(options: ArchiveOptions, indices: readonly MadeIndex[]): string {
  const { suite = 'bookworm', architectures = ['amd64'], components = ['main'], release = {} } = options;
  const names = suite.endsWith('/') ? {} : { Suite: 'oldstable', Codename: suite, Components: components.join(' ') };
  const fields = {
    Origin: 'Test',
    ...names,
    Date: new Date(ARCHIVE_DATE).toUTCString(),
    'Acquire-By-Hash': 'yes',
    Architectures: architectures.join(' '),
    ...release,
    SHA256: indices.map(({ path, bytes }) => `\n ${hexOf(digestOf(bytes))} ${bytes.length} ${path}`).join(''),
  };
  return Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${value.startsWith('\n') ? '' : ' '}${value}\n`]))
    .join('');
}

const signing = (keys: readonly ArchiveKey[]) => ({
  signingKeys: keys.map(({ secret }) => secret),
  date: new Date(ARCHIVE_DATE),
});

/** A clear-signed document (`InRelease`). */
export async function signClear(text: string, keys: readonly ArchiveKey[]): Promise<string> {
  return sign({ message: await createCleartextMessage({ text: text.trimEnd() }), ...signing(keys) });
}

/** An armored signature beside the text (`Release.gpg`). */
export async function signDetached(text: string, keys: readonly ArchiveKey[]): Promise<string> {
  const message = await createMessage({ binary: new TextEncoder().encode(text) });
  return sign({ message, detached: true, ...signing(keys) });
}

export interface FakeMirror {
  /** Of loopback; ends in `/`. */
  readonly uri: string;
  readonly requests: readonly RecordedRequest[];
  /** Paths that were asked for, below the URI, in order. */
  readonly asked: () => string[];
  readonly close: () => Promise<void>;
}

export interface MirrorOptions {
  /** As for the fake registry: `{ path: /Packages/, go: { cutAfter: 10 } }`. */
  readonly faults?: readonly Fault[];
  /** `user:password` that every request must bear. */
  readonly login?: string;
}

/** Serves files, whole or from a byte on, until whoever starts it closes it. */
export async function startFakeMirror(
  files: ReadonlyMap<string, Buffer>,
  { faults = [], login }: MirrorOptions = {},
): Promise<FakeMirror> {
  const requests: RecordedRequest[] = [];
  const authorization = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const handler = ({
    path,
    headers,
  }: RecordedRequest): { status: number; headers?: Record<string, string>; body?: Buffer } => {
    if (authorization !== undefined && headers.authorization !== authorization) return { status: 401 };
    const bytes = files.get(decodeURIComponent(path.slice('/debian/'.length)));
    if (!bytes) return { status: 404 };
    const [, start] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
    if (start === undefined) return { status: 200, body: bytes };
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    return { status: 206, headers: { 'content-range': range }, body: bytes.subarray(Number(start)) };
  };
  const { host, close } = await listen(
    'storage',
    handler,
    createPlan(faults.map((fault) => ({ ...fault, server: 'storage' }))),
    requests,
  );
  return {
    uri: `http://${host}/debian/`,
    requests,
    asked: () => requests.map(({ path }) => decodeURIComponent(path.slice('/debian/'.length))),
    close,
  };
}

/** The same for one test, which ends it. */
export async function testMirror(files: ReadonlyMap<string, Buffer>, options: MirrorOptions = {}): Promise<FakeMirror> {
  const mirror = await startFakeMirror(files, options);
  onTestFinished(() => mirror.close());
  return mirror;
}

/** Writes the files below a folder, for `file:` URIs. */
export async function writeArchive(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}
