// The import table of src/README.md, executed: rooms import only rooms above them, and a package only the rooms that may.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '..', 'src');

interface Row {
  readonly room: string;
  readonly packages: readonly string[];
}

function readTable(): Row[] {
  const rows = readFileSync(join(SRC, 'README.md'), 'utf8').matchAll(/^\| `(\w+)`\s*\|[^|]*\|([^|]*)\|$/gm);
  return [...rows].map(([, room = '', cell = '']) => ({
    room,
    packages: [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  }));
}

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function importsOf(room: string): Import[] {
  const files = readdirSync(join(SRC, room), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(SRC, room, file), 'utf8');
    const found = text.matchAll(/(?:^(?:import|export)\b[^'"]*?from|^import|\bimport\()\s*['"]([^'"]+)['"]/gm);
    return [...found].map(([, to = '']) => ({ file: `${room}/${file}`, from: room, to }));
  });
}

const table = readTable();
const rooms = table.map((row) => row.room);
const imports = rooms.flatMap(importsOf);
const show = ({ file, to }: Import): string => `${file} imports ${to}`;

describe('the house', () => {
  it('has exactly the rooms of the table', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((folder) => folder.name).sort()).toEqual([...rooms].sort());
  });

  it('has imports to check in every room', () => {
    for (const room of rooms) expect(importsOf(room).length, room).toBeGreaterThan(0);
  });

  it('imports only rooms above', () => {
    const upward = imports.filter(({ from, to }) => {
      const target = /^\.\.\/(\w+)\//.exec(to)?.[1];
      return target !== undefined && rooms.indexOf(target) >= rooms.indexOf(from);
    });
    expect(upward.map(show)).toEqual([]);
  });

  it('imports files, never a barrel or another folder', () => {
    const odd = imports.filter(({ to }) => to.startsWith('.') && !/^(\.\/|\.\.\/\w+\/)[\w-]+\.ts$/.test(to));
    expect(odd.map(show)).toEqual([]);
  });

  it('keeps each package of the last column to its room', () => {
    const owned = new Map(table.flatMap(({ room, packages }) => packages.map((name) => [name, room] as const)));
    const foreign = imports.filter(({ from, to }) => (owned.get(to) ?? from) !== from);
    expect(foreign.map(show)).toEqual([]);
  });
});
