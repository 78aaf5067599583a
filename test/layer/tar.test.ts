import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/filesystem/entry.ts';
import { directory, inlineFile, symlink } from '../../src/filesystem/entry.ts';
import type { TarHeader } from '../../src/layer/tar.ts';
import { paddingOf, tarHeader } from '../../src/layer/tar.ts';
import { expectCode } from '../expect-code.ts';
import { comparePaths, packBytes, readTar, temporaryFolder } from './layer-fixture.ts';
import type { Told } from './tar-edges.ts';
import { EDGES, toldOf } from './tar-edges.ts';

const PYTHON = `
import base64, json, sys, tarfile
types = {tarfile.REGTYPE: 'file', tarfile.DIRTYPE: 'directory', tarfile.SYMTYPE: 'symlink', tarfile.LNKTYPE: 'hardlink'}
told = []
for m in tarfile.open(sys.argv[1], 'r:'):
    xattrs = {k[13:]: base64.b64encode(v.encode('utf-8', 'surrogateescape')).decode() for k, v in m.pax_headers.items() if k.startswith('SCHILY.xattr.')}
    told.append(dict(name=m.name, type=types[m.type], mode=m.mode, uid=m.uid, gid=m.gid, mtime=int(m.mtime), size=m.size, link=m.linkname, xattrs=xattrs))
print(json.dumps(told))
`;

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const isGnuTar = spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU tar') ?? false;

async function tell(program: string, options: readonly string[]): Promise<string> {
  const file = join(temporaryFolder(), 'layer.tar');
  writeFileSync(file, (await packBytes(EDGES)).tar);
  const run = { encoding: 'utf8', maxBuffer: 1 << 24, env: { ...process.env, LC_ALL: 'C.UTF-8' } } as const;
  const { stdout, stderr, status } = spawnSync(program, [...options, file], run);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.trimEnd();
}

/** What was packed, in those of its facts that a reader tells. */
function wanted(...keys: (keyof Told)[]): Partial<Told>[] {
  return toldOf(EDGES).map((told) => Object.fromEntries(keys.map((key) => [key, told[key]])));
}

describe('a tar of every edge value is read back equal by', () => {
  test.skipIf(!has('python3'))('Python', async () => {
    expect(JSON.parse(await tell('python3', ['-c', PYTHON]))).toEqual(toldOf(EDGES));
  });

  test.skipIf(!isGnuTar)('GNU tar', async () => {
    const options = ['-tvv', '--numeric-owner', '--full-time', '--utc', '--quoting-style=c', '--file'];
    const told = (await tell('tar', options)).split('\n').map(parseGnuLine);
    expect(told).toEqual(wanted('name', 'uid', 'gid', 'mtime', 'size', 'link'));
  });

  test.skipIf(!has('bsdtar'))('bsdtar', async () => {
    const script = 'bsdtar --create --file - --format mtree --options \'!all,mode,uid,gid,time,type,link\' "@$0"';
    const lines = (await tell('sh', ['-c', script])).replaceAll('\\\n', '').split('\n').slice(1);
    const byName = (a: Partial<Told>, b: Partial<Told>): number => comparePaths(a.name ?? '', b.name ?? '');
    expect(lines.map(parseMtreeLine).sort(byName)).toEqual(
      wanted('name', 'type', 'mode', 'uid', 'gid', 'mtime', 'link').map(({ type, link, ...rest }) =>
        type === 'hardlink' ? { ...rest, type: 'file', link: '' } : { ...rest, type, link },
      ),
    );
  });

  test('tar-stream, but for large owners and times, which it does not know', async () => {
    const read = await readTar((await packBytes(EDGES)).tar);
    const told = read.map(({ header }) => ({
      name: header.name.replace(/\/$/, ''),
      type: header.type === 'link' ? 'hardlink' : header.type,
      mode: header.mode,
      size: header.size,
      link: header.linkname ?? '',
    }));
    expect(told).toEqual(wanted('name', 'type', 'mode', 'size', 'link'));
  });
});

/** `-rw-r--r-- 0/0 1 1970-01-01 00:00:00 "name"`, with ` -> "target"` or ` link to "target"`. */
function parseGnuLine(line: string): Partial<Told> {
  const quoted = '"((?:[^"\\\\]|\\\\.)*)"';
  const parts = new RegExp(`^\\S+ (\\d+)/(\\d+) +(\\d+) (\\S+) (\\S+) ${quoted}(?: (?:->|link to) ${quoted})?$`).exec(
    line,
  );
  if (!parts) throw new Error(`not understood: ${line}`);
  const [, uid, gid, size, date, time, name = '', link = ''] = parts;
  const plain = (text: string): string => text.replaceAll('\\n', '\n').replaceAll(/\\(["\\])/g, '$1');
  return {
    name: plain(name).replace(/\/$/, ''),
    uid: Number(uid),
    gid: Number(gid),
    mtime: Date.parse(`${date}T${time}Z`) / 1000,
    size: Number(size),
    link: plain(link),
  };
}

/** `./name time=0.0 mode=644 gid=0 uid=0 type=file`, all but plain characters as octal bytes. */
function parseMtreeLine(line: string): Partial<Told> {
  const [name = '', ...words] = line.split(' ').filter((word) => word !== '');
  const facts = new Map(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
  const bytes = (text: string): string =>
    Buffer.from(
      text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))),
      'latin1',
    ).toString();
  const types: Partial<Record<string, Told['type']>> = { dir: 'directory', link: 'symlink', file: 'file' };
  return {
    name: bytes(name).replace(/^\.\//, ''),
    type: types[facts.get('type') ?? '']!,
    mode: Number.parseInt(facts.get('mode') ?? '', 8),
    uid: Number(facts.get('uid')),
    gid: Number(facts.get('gid')),
    mtime: Math.trunc(Number(facts.get('time'))),
    link: bytes(facts.get('link') ?? ''),
  };
}

const HEADER: TarHeader = { name: 'f', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0, linkName: '' };

describe('tarHeader', () => {
  test('writes plain ustar, numeric and without names, when ustar can say it', () => {
    const header = tarHeader({
      ...HEADER,
      name: 'usr/bin/',
      type: 'directory',
      mode: 0o755,
      uid: 7,
      mtime: 99,
      size: 5,
    });
    expect(header.length).toBe(512);
    expect(header.toString('latin1', 0, 9)).toBe('usr/bin/\0');
    expect(header.toString('latin1', 100, 157)).toBe(
      '0000755\x000000007\x000000000\x0000000000005\x0000000000143\x00010612\0 5',
    );
    expect(header.toString('latin1', 257, 265)).toBe('ustar\x0000');
    expect(header.subarray(265, 329).every((byte) => byte === 0)).toBe(true);
  });

  test.skipIf(!has('python3'))('says sizes from 8 GiB on in a PAX record', () => {
    const size = 8 * 2 ** 30;
    expect(tarHeader({ ...HEADER, size: size - 1 }).length).toBe(512);
    const file = join(temporaryFolder(), 'headers.tar');
    writeFileSync(file, tarHeader({ ...HEADER, size }));
    const script = 'import sys, tarfile; print(tarfile.open(sys.argv[1]).next().size)';
    expect(spawnSync('python3', ['-c', script, file], { encoding: 'utf8' }).stdout.trim()).toBe(String(size));
  });

  test('counts its own digits in the length of a PAX record, also where they grow by one', () => {
    for (let length = 80; length < 1100; length++) {
      const header = tarHeader({ ...HEADER, type: 'symlink', linkName: 'ä'.repeat(length) });
      const size = Number.parseInt(header.toString('latin1', 124, 135), 8);
      const record = header.subarray(512, 512 + size).toString();
      expect(Buffer.byteLength(record)).toBe(Number.parseInt(record, 10));
      expect(record.endsWith(`linkpath=${'ä'.repeat(length)}\n`)).toBe(true);
    }
  });

  test('refuses more extended attributes than Go reads', async () => {
    const value = Buffer.alloc(65_536).toString('base64');
    const xattrs = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`user.${index}`, value]));
    await expectCode(() => tarHeader({ ...HEADER, xattrs }), 'ENTRY_INVALID');
  });

  test('pads to whole blocks', () => {
    expect([0, 1, 511, 512, 513].map(paddingOf)).toEqual([0, 511, 1, 0, 511]);
  });
});

describe('packing and unpacking', () => {
  const name = fc.stringMatching(/^[a-zäß漢][a-z .äß漢-]{0,80}[a-z]$/u);
  const attributes = fc.record({
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0o7777777 }),
    gid: fc.integer({ min: 0, max: 0o7777777 }),
    mtime: fc.integer({ min: 0, max: 2 ** 33 - 1 }),
  });
  const entry: fc.Arbitrary<Entry> = fc
    .tuple(
      fc.constantFrom('file', 'directory', 'symlink'),
      fc.array(name, { minLength: 1, maxLength: 4 }),
      attributes,
      fc.uint8Array({ maxLength: 1200 }),
      name,
    )
    .map(([type, names, more, bytes, target]) => {
      const path = [...names.slice(0, -1).map((part) => `d${part}`), `${type}${names.at(-1)}`].join('/');
      if (type === 'file') return inlineFile(path, bytes, more);
      return type === 'directory' ? directory(path, more) : symlink(path, target, more);
    });

  test('give the same entries, in canonical order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(entry, { selector: ({ path }) => path, maxLength: 12 }), async (entries) => {
        const read = await readTar((await packBytes(entries)).tar);
        const told = read.map(({ header, body }) => ({
          path: header.name.replace(/\/$/, ''),
          type: header.type,
          mode: header.mode,
          uid: header.uid,
          gid: header.gid,
          mtime: (header.mtime?.getTime() ?? 0) / 1000,
          content: header.type === 'symlink' ? header.linkname : body.toString('hex'),
        }));
        const wanted = [...entries]
          .sort((a, b) => comparePaths(a.path, b.path))
          .map((entry) => {
            if (entry.type === 'whiteout' || entry.type === 'hardlink') throw new Error('not made here');
            const { path, type, mode, uid, gid, mtime } = entry;
            const bytes = entry.type === 'file' && entry.content.kind === 'inline' ? entry.content.bytes : [];
            return {
              path,
              type,
              mode,
              uid,
              gid,
              mtime,
              content: entry.type === 'symlink' ? entry.target : Buffer.from(bytes).toString('hex'),
            };
          });
        expect(told).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });
});
