import { describe, expect, it } from 'vitest';
import { applyEntries } from '../../src/filesystem/apply-entries.ts';
import type { Entry } from '../../src/filesystem/entry.ts';
import { directory, inlineFile, symlink } from '../../src/filesystem/entry.ts';
import type { BaseEntry, BaseFacts } from '../../src/filesystem/facts.ts';

const about = { mode: 0o644, uid: 0, gid: 0, mtime: 0 };
const folder: BaseEntry = { ...about, mode: 0o755, type: 'directory' };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const facts: BaseFacts = {
  entries: new Map<string, BaseEntry>([
    ['etc', folder],
    ['etc/passwd', { ...about, type: 'file', size: 3 }],
    ['etc/old', folder],
    ['etc/old/file', { ...about, type: 'file', size: 1 }],
  ]),
  captured: new Map([
    ['etc/passwd', bytes('old')],
    ['etc/old/file', bytes('x')],
  ]),
};

const apply = (entries: readonly Entry[], limit = 1000) =>
  applyEntries(facts, entries, {
    capture: (path) => (path.startsWith('etc/') ? limit : undefined),
    read: (content) => (content.kind === 'inline' ? content.bytes : new Uint8Array()),
  });

describe('applyEntries', () => {
  it('adds and replaces, with the contents that are wanted', () => {
    const result = apply([
      inlineFile('etc/passwd', 'newer', { uid: 7 }),
      directory('usr', { mode: 0o700 }),
      inlineFile('usr/file', 'not wanted'),
      { ...inlineFile('usr/second', ''), type: 'hardlink', target: 'usr/file' },
      symlink('usr/link', 'file'),
    ]);
    expect(result.entries.get('etc/passwd')).toEqual({ ...about, uid: 7, type: 'file', size: 5 });
    expect(result.entries.get('usr')).toMatchObject({ type: 'directory', mode: 0o700 });
    expect(result.entries.get('usr/second')).toMatchObject({ type: 'hardlink', target: 'usr/file', size: 10 });
    expect(result.entries.get('usr/link')).toMatchObject({ type: 'symlink', target: 'file' });
    expect(result.captured.get('etc/passwd')).toEqual(bytes('newer'));
    expect(result.captured.has('usr/file')).toBe(false);
    expect(facts.entries.has('usr')).toBe(false);
  });

  it('keeps no older content of a file that is too large now', () => {
    expect(apply([inlineFile('etc/passwd', 'newer')], 4).captured.has('etc/passwd')).toBe(false);
  });

  it('takes away what is removed, with all that lies below', () => {
    const result = apply([
      { type: 'whiteout', path: 'etc/old' },
      { type: 'whiteout', path: 'etc/passwd' },
    ]);
    expect([...result.entries.keys()]).toEqual(['etc']);
    expect(result.captured.size).toBe(0);
  });
});
