// A signed mirror of Debian packages on loopback that changes under its users' hands: other packages, other keys, files that are wrong.
import { generateKey, readPrivateKey, createCleartextMessage, sign } from 'openpgp';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/core/digest.ts';
import { openBytes } from '../deb/open-bytes.ts';
import type { Fault, Reply } from '../registry/fake-server.ts';
import { createPlan, listen } from '../registry/fake-server.ts';
import type { RecordedRequest } from '../registry/fake-server.ts';

export interface SigningKey {
  /** Armored. */
  readonly publicKey: string;
  readonly privateKey: string;
}

export interface DebianMirror {
  /** `http://127.0.0.1:PORT/debian/` */
  readonly uri: string;
  readonly key: SigningKey;
  /** Paths that were asked for, in order; emptied by whoever wants to count. */
  readonly paths: () => string[];
  readonly forget: () => void;
  /** From now on the mirror has these packages. */
  readonly publish: (debs: readonly Buffer[], options?: PublishOptions) => Promise<void>;
  /** In place of what a path gives; the path is looked for at the end of what is asked for. */
  readonly replace: (path: RegExp, change: (bytes: Buffer) => Buffer | undefined) => void;
  readonly close: () => Promise<void>;
}

export interface PublishOptions {
  /** Further or other fields of the Release file. */
  readonly release?: Readonly<Record<string, string>>;
  readonly key?: SigningKey;
  readonly isSigned?: boolean;
  /** Change to the Packages file after the Release file was made. */
  readonly tamper?: (text: string) => string;
  /** Change to the stanza of a package, which the Release file knows. */
  readonly stanza?: (text: string) => string;
}

const ARCHITECTURES = ['amd64', 'arm64'];
export const SUITE = 'bookworm';

export async function createKey(name = 'Archive'): Promise<SigningKey> {
  const made = await generateKey({ type: 'ecc', userIDs: [{ name }], date: new Date('2024-01-01'), format: 'armored' });
  return { publicKey: made.publicKey, privateKey: made.privateKey };
}

export async function startDebianMirror(faults: readonly Fault[] = []): Promise<DebianMirror> {
  const key = await createKey();
  const requests: RecordedRequest[] = [];
  const files = new Map<string, Buffer>();
  const changes: { readonly path: RegExp; readonly change: (bytes: Buffer) => Buffer | undefined }[] = [];
  const answer = ({ path, headers }: RecordedRequest): Reply => {
    const known = files.get(decodeURIComponent(path));
    const body = changes.reduce((bytes, one) => (bytes && one.path.test(path) ? one.change(bytes) : bytes), known);
    if (!body) return { status: 404, body: 'no such file' };
    const [, start] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
    if (start === undefined) return { status: 200, body };
    const range = `bytes ${start}-${body.length - 1}/${body.length}`;
    return { status: 206, headers: { 'content-range': range }, body: body.subarray(Number(start)) };
  };
  const { host, close } = await listen('registry', answer, createPlan(faults), requests);
  const publish: DebianMirror['publish'] = async (debs, options = {}) => {
    files.clear();
    changes.length = 0;
    for (const [path, bytes] of await filesOf(debs, { key, ...options })) files.set(`/debian/${path}`, bytes);
  };
  return {
    uri: `http://${host}/debian/`,
    key,
    paths: () => requests.map(({ path }) => path.replace('/debian/', '')),
    forget: () => void requests.splice(0),
    publish,
    replace: (path, change) => void changes.push({ path, change }),
    close,
  };
}

async function filesOf(
  debs: readonly Buffer[],
  { key, release = {}, isSigned = true, tamper = (text) => text, stanza = (text) => text }: PublishOptions & { key: SigningKey },
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const stanzas = await Promise.all(
    debs.map(async (bytes) => {
      const { name, version, architecture, control } = await openBytes(bytes);
      const path = `pool/main/${name}_${version}_${architecture}.deb`;
      files.set(path, bytes);
      const fields = control.map(([field, value]) => `${field}: ${value}\n`).join('');
      const about = `Filename: ${path}\nSize: ${bytes.length}\nSHA256: ${digestOf(bytes).slice(7)}\n`;
      return { architecture, text: stanza(`${fields}${about}`) };
    }),
  );
  const sums = ARCHITECTURES.flatMap((architecture) => {
    const own = stanzas.filter((one) => one.architecture === architecture || one.architecture === 'all');
    const text = own.map((one) => `${one.text}\n`).join('');
    const path = `main/binary-${architecture}/Packages`;
    files.set(`dists/${SUITE}/${path}.gz`, gzipSync(tamper(text)));
    return [
      [path, Buffer.from(text)],
      [`${path}.gz`, gzipSync(text)],
    ] as const;
  });
  const text = releaseText(sums, release);
  if (isSigned) files.set(`dists/${SUITE}/InRelease`, Buffer.from(await clearSigned(text, key)));
  else files.set(`dists/${SUITE}/Release`, Buffer.from(text));
  return files;
}

function releaseText(sums: readonly (readonly [string, Buffer])[], more: Readonly<Record<string, string>>): string {
  const fields = {
    Origin: 'Test',
    Suite: 'stable',
    Codename: SUITE,
    Date: 'Mon, 01 Jul 2024 10:00:00 UTC',
    Architectures: ARCHITECTURES.join(' '),
    Components: 'main',
    ...more,
  };
  const lines = sums.map(([path, bytes]) => ` ${digestOf(bytes).slice(7)} ${bytes.length} ${path}\n`);
  const head = Object.entries(fields).map(([field, value]) => `${field}: ${value}\n`);
  return `${head.join('')}SHA256:\n${lines.join('')}`;
}

async function clearSigned(text: string, { privateKey }: SigningKey): Promise<string> {
  const message = await createCleartextMessage({ text });
  const signingKeys = await readPrivateKey({ armoredKey: privateKey });
  return sign({ message, signingKeys, date: new Date('2024-07-01T10:00:00Z') });
}
