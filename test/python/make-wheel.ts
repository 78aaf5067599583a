// Wheels for tests: a list of files becomes one with METADATA, WHEEL and RECORD; each of them can be replaced, or be wrong.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../store/temporary-folder.ts';
import type { TestMember, ZipOptions } from './make-zip.ts';
import { makeZip } from './make-zip.ts';

export interface WheelOptions extends ZipOptions {
  /** `demo` unless said otherwise. */
  readonly name?: string;
  /** `1.0` unless said otherwise. */
  readonly version?: string;
  /** Text of RECORD, made from the honest rows. */
  readonly record?: (rows: readonly string[]) => string;
  /** Members that RECORD does not list. */
  readonly unlisted?: readonly TestMember[];
  readonly metadata?: string;
  readonly wheel?: string;
  /** Of the hashes in RECORD. */
  readonly algorithm?: 'sha256' | 'sha512';
}

export function recordRow(path: string, content: string | Buffer, algorithm = 'sha256'): string {
  const cell = /[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
  return `${cell},${algorithm}=${createHash(algorithm).update(content).digest('base64url')},${Buffer.byteLength(content)}`;
}

/** Bytes of a wheel with these members beside its documents; members of the documents' names replace them. */
export function makeWheel(members: readonly TestMember[], options: WheelOptions = {}): Buffer {
  const { name = 'demo', version = '1.0', unlisted = [], record = (rows) => `${rows.join('\n')}\n` } = options;
  const info = `${name.replaceAll('-', '_')}-${version}.dist-info`;
  const { metadata = `Metadata-Version: 2.4\nName: ${name}\nVersion: ${version}\n\nName: what a description says\n` } =
    options;
  const { wheel = 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n' } = options;
  const own = new Set(members.map((member) => String(member.name)));
  const documents = [
    { name: `${info}/METADATA`, content: metadata },
    { name: `${info}/WHEEL`, content: wheel },
  ].filter((document) => !own.has(document.name));
  const listed: readonly TestMember[] = [...members, ...documents];
  const rows = listed
    .filter((member) => !String(member.name).endsWith('/'))
    .map((member) => recordRow(String(member.name), member.content ?? '', options.algorithm));
  const list = { name: `${info}/RECORD`, content: record([...rows, `${info}/RECORD,,`]) };
  return makeZip([...listed, ...unlisted, list], options);
}

export const WHEEL_NAME = 'demo-1.0-py3-none-any.whl';

/** Writes bytes under the name of a wheel; returns the host path. */
export async function wheelFile(bytes: Uint8Array, filename = WHEEL_NAME): Promise<string> {
  const file = join(await temporaryFolder(), filename);
  await writeFile(file, bytes);
  return file;
}
