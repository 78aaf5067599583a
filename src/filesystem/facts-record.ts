// Facts as bytes for the cache: compact JSON, since tens of thousands of entries must be there again in milliseconds.
import type { BaseEntry, BaseFacts } from './facts.ts';

const FORMAT = 1;
const TYPES: readonly BaseEntry['type'][] = ['file', 'directory', 'symlink', 'hardlink', 'other'];

type Row = readonly [
  path: string,
  type: number,
  mode: number,
  uid: number,
  gid: number,
  mtime: number,
  size: number,
  target: string | 0,
  xattrs?: Readonly<Record<string, string>>,
];

interface FactsRecord {
  readonly format: number;
  readonly entries: readonly Row[];
  /** base64 by path. */
  readonly captured: readonly (readonly [path: string, bytes: string])[];
}

export function encodeFacts({ entries, captured }: BaseFacts): Uint8Array {
  const rows = [...entries].map(([path, entry]): Row => {
    const { mode, uid, gid, mtime, size = -1, target = 0, xattrs } = entry;
    const row = [path, TYPES.indexOf(entry.type), mode, uid, gid, mtime, size, target] as const;
    return xattrs ? [...row, xattrs] : row;
  });
  const record: FactsRecord = {
    format: FORMAT,
    entries: rows,
    captured: [...captured].map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]),
  };
  return new TextEncoder().encode(JSON.stringify(record));
}

/** The facts, or undefined for a record of another format. */
export function decodeFacts(bytes: Uint8Array): BaseFacts | undefined {
  const record = JSON.parse(new TextDecoder().decode(bytes)) as FactsRecord;
  if (record.format !== FORMAT) return undefined;
  const entries = new Map<string, BaseEntry>();
  for (const [path, type, mode, uid, gid, mtime, size, target, xattrs] of record.entries) {
    entries.set(path, {
      type: TYPES[type] ?? 'other',
      mode,
      uid,
      gid,
      mtime,
      ...(size >= 0 && { size }),
      ...(target !== 0 && { target }),
      ...(xattrs && { xattrs }),
    });
  }
  return { entries, captured: new Map(record.captured.map(([path, text]) => [path, Buffer.from(text, 'base64')])) };
}
