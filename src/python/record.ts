// RECORD, the list of a distribution's files (packaging.python.org, Recording installed projects): read from wheels, written anew.
import { createHash } from 'node:crypto';

export interface RecordRow {
  readonly path: string;
  /** `sha256=<urlsafe base64 without padding>`; empty for RECORD itself. */
  readonly hash: string;
  /** Decimal bytes; may be empty. */
  readonly size: string;
}

const CELL = '(?:"((?:[^"]|"")*)"|([^",]*))';
const ROW = new RegExp(`^${CELL},${CELL},${CELL}$`);

/** CSV with three columns; quotes as in RFC 4180. undefined when a line has another shape. */
export function parseRecord(text: string): RecordRow[] | undefined {
  const rows: RecordRow[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue;
    const found = ROW.exec(line);
    if (!found) return undefined;
    const cell = (quoted: number): string => found[quoted]?.replaceAll('""', '"') ?? found[quoted + 1] ?? '';
    const row = { path: cell(1), hash: cell(3), size: cell(5) };
    if (row.path === '') return undefined;
    rows.push(row);
  }
  return rows;
}

/** Rows sorted by path, as every installer of today writes them. */
export function printRecord(rows: readonly RecordRow[]): string {
  const sorted = [...rows].sort((a, b) => (a.path < b.path ? -1 : 1));
  return sorted.map(({ path, hash, size }) => `${quoted(path)},${hash},${size}\n`).join('');
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

function recordHash(bytes: Uint8Array): string {
  return `sha256=${createHash('sha256').update(bytes).digest('base64url')}`;
}

export function rowOf(path: string, bytes: Uint8Array): RecordRow {
  return { path, hash: recordHash(bytes), size: String(bytes.length) };
}
