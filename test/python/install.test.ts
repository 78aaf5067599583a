import { describe, expect, it } from 'vitest';
import type { Entry, FileEntry } from '../../src/filesystem/entry.ts';
import type { InstallOptions } from '../../src/python/install.ts';
import { installWheel } from '../../src/python/install.ts';
import { parseRecord } from '../../src/python/record.ts';
import { venvLayout } from '../../src/python/venv.ts';
import { readWheel } from '../../src/python/wheel.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import type { TestMember } from './make-zip.ts';
import type { WheelOptions } from './make-wheel.ts';
import { makeWheel, recordRow, wheelFile, WHEEL_NAME } from './make-wheel.ts';
import { interpreterOf } from './targets.ts';

const VENV = venvLayout(interpreterOf('3.12.1'), '/opt/venv');
const SITE = 'opt/venv/lib/python3.12/site-packages';
const INFO = 'demo-1.0.dist-info';
const CODE: TestMember = { name: 'demo/__init__.py', content: 'x = 1\n' };
const DIRECT = { url: 'https://index.example/demo.whl', archive_info: { hashes: { sha256: '00' } } };

interface Made {
  readonly entries: readonly FileEntry[];
  /** Path → mode in octal. */
  readonly modes: Readonly<Record<string, string>>;
  /** Text of the file that we wrote there, or undefined when it stays in the wheel. */
  readonly text: (path: string) => string | undefined;
}

async function install(
  members: readonly TestMember[],
  more: Partial<InstallOptions> = {},
  options?: WheelOptions,
): Promise<Made> {
  const filename = options?.name ? `${options.name.replaceAll('-', '_')}-1.0-py3-none-any.whl` : WHEEL_NAME;
  const wheel = await readWheel(testContext(), await wheelFile(makeWheel(members, options), filename), filename);
  const entries = (await installWheel(wheel, { venv: VENV, requested: false, ...more })) as readonly FileEntry[];
  const text = (path: string): string | undefined => {
    const content = entries.find((entry) => entry.path === path)?.content;
    return content?.kind === 'inline' ? new TextDecoder().decode(content.bytes) : undefined;
  };
  return { entries, modes: Object.fromEntries(entries.map(({ path, mode }) => [path, mode.toString(8)])), text };
}

const refused = async (words: RegExp, members: readonly TestMember[]): Promise<void> => {
  const error = await expectCode(() => install(members), 'WHEEL_INVALID');
  expect(error.message).toMatch(words);
};

describe('an installed wheel', () => {
  it('has the folders in which it has no files, wherever they belong', async () => {
    const folders = [
      'demo/empty/',
      'demo/deep/er/',
      'demo-1.0.data/',
      'demo-1.0.data/data/',
      'demo-1.0.data/data/var/x/',
    ];
    const { entries, text } = await install([CODE, ...folders.map((name) => ({ name, content: '' }))]);
    const made = (entries as readonly Entry[]).filter(({ type }) => type === 'directory').map(({ path }) => path);
    expect(made).toEqual([`${SITE}/demo/empty`, `${SITE}/demo/deep/er`, 'opt/venv/var/x']);
    expect(text(`${SITE}/${INFO}/RECORD`)).not.toContain('empty');
  });

  it('has its files, INSTALLER and RECORD, and nothing else', async () => {
    const { modes, entries } = await install([CODE, { name: 'demo/tool.so', content: 'x', mode: 0o100755 }]);
    expect(modes).toEqual({
      [`${SITE}/demo/__init__.py`]: '644',
      [`${SITE}/demo/tool.so`]: '755',
      [`${SITE}/${INFO}/METADATA`]: '644',
      [`${SITE}/${INFO}/WHEEL`]: '644',
      [`${SITE}/${INFO}/INSTALLER`]: '644',
      [`${SITE}/${INFO}/RECORD`]: '644',
    });
    expect(entries[0]).toMatchObject({ uid: 0, gid: 0, mtime: 0, content: { kind: 'range', encoding: 'deflate' } });
  });

  it('says that it was asked for, and where it came from, only if it was (PEP 376, 610)', async () => {
    const { text, modes } = await install([CODE], { requested: true, directUrl: DIRECT });
    expect(text(`${SITE}/${INFO}/INSTALLER`)).toBe('imagespec');
    expect(text(`${SITE}/${INFO}/REQUESTED`)).toBe('');
    expect(JSON.parse(text(`${SITE}/${INFO}/direct_url.json`) ?? '')).toEqual(DIRECT);
    expect(Object.keys(modes)).toHaveLength(7);
  });

  it('is not believed about who installed it and why', async () => {
    const claims = ['INSTALLER', 'REQUESTED', 'direct_url.json'].map((name) => ({
      name: `${INFO}/${name}`,
      content: '{}',
    }));
    const { text, modes } = await install([CODE, ...claims]);
    expect(text(`${SITE}/${INFO}/INSTALLER`)).toBe('imagespec');
    expect(modes).not.toHaveProperty(`${SITE}/${INFO}/REQUESTED`);
    expect(modes).not.toHaveProperty(`${SITE}/${INFO}/direct_url.json`);
  });

  it('spreads its data', async () => {
    const data = 'demo-1.0.data';
    const { modes } = await install([
      { name: `${data}/purelib/pure.py`, content: '1' },
      { name: `${data}/platlib/plat/m.so`, content: '2' },
      { name: `${data}/headers/demo.h`, content: '3' },
      { name: `${data}/scripts/tool`, content: '\x7fELF' },
      { name: `${data}/data/share/man/demo.1`, content: '5' },
      { name: `${data}/data/top`, content: '6' },
      { name: 'other-1.0.data/x', content: '7' },
    ]);
    expect(modes).toMatchObject({
      [`${SITE}/pure.py`]: '644',
      [`${SITE}/plat/m.so`]: '644',
      'opt/venv/include/site/python3.12/demo/demo.h': '644',
      'opt/venv/bin/tool': '755',
      'opt/venv/share/man/demo.1': '644',
      'opt/venv/top': '644',
      [`${SITE}/other-1.0.data/x`]: '644',
    });
  });

  it('has programs for its entry points, in place of scripts of their names', async () => {
    const points = '[console_scripts]\ntool = demo:main\n[gui_scripts]\nwindow = demo.gui:run\n';
    const { modes, text } = await install([
      CODE,
      { name: 'demo-1.0.data/scripts/tool', content: '#!python\nold\n' },
      { name: `${INFO}/entry_points.txt`, content: points },
    ]);
    expect(text('opt/venv/bin/tool')).toMatch(/^#!\/opt\/venv\/bin\/python\n[^]*from demo import main\n/);
    expect(text('opt/venv/bin/window')).toContain('from demo.gui import run');
    expect(modes).toMatchObject({ 'opt/venv/bin/tool': '755', 'opt/venv/bin/window': '755' });
  });

  it('has scripts that start the interpreter of the environment', async () => {
    const { text } = await install([
      { name: 'demo-1.0.data/scripts/a', content: '#!python\nprint(1)\n' },
      { name: 'demo-1.0.data/scripts/b', content: '#!/bin/sh\n' },
      { name: 'demo-1.0.data/scripts/huge', content: `#!python\n${'#'.repeat(2 << 20)}` },
    ]);
    expect(text('opt/venv/bin/a')).toBe('#!/opt/venv/bin/python\nprint(1)\n');
    expect(text('opt/venv/bin/b')).toBeUndefined();
    expect(text('opt/venv/bin/huge')).toBeUndefined();
  });

  it('lists all of it in RECORD, by the place where it is now', async () => {
    const { text, entries } = await install(
      [
        { name: 'demo/a,b.py', content: 'x' },
        { name: 'demo-1.0.data/scripts/tool', content: '#!python\n' },
        { name: 'demo-1.0.data/data/share/x', content: 'y' },
      ],
      { requested: true },
    );
    const rows = parseRecord(text(`${SITE}/${INFO}/RECORD`) ?? '') ?? [];
    const places = rows.map(({ path }) => new URL(path, `file:///${SITE}/`).pathname.slice(1));
    expect(new Set(places)).toEqual(new Set(entries.map(({ path }) => path)));
    expect(text(`${SITE}/${INFO}/RECORD`)?.split('\n')).toEqual(
      expect.arrayContaining([
        recordRow('../../../bin/tool', '#!/opt/venv/bin/python\n'),
        recordRow('../../../share/x', 'y'),
        recordRow('demo/a,b.py', 'x'),
        recordRow(`${INFO}/REQUESTED`, ''),
        `${INFO}/RECORD,,`,
      ]),
    );
  });

  it('finds its data under the name of its own folder', async () => {
    const { modes } = await install([{ name: 'my_demo-1.0.data/headers/x.h', content: '1' }], {}, { name: 'my-demo' });
    expect(modes).toHaveProperty('opt/venv/include/site/python3.12/my-demo/x.h');
  });
});

describe('a wheel cannot be installed', () => {
  it.each(['demo-1.0.data/unknown/x', 'demo-1.0.data/x', 'demo-1.0.data/constructor/x'])(
    'with data of an unknown kind: %s',
    async (name) => {
      await refused(/data of an unknown kind: demo-1\.0\.data/, [{ name, content: 'x' }]);
    },
  );

  it.each(['../../../tmp/x = demo:main', 'tool = demo'])('with an entry point such as %s', async (line) => {
    const content = `[console_scripts]\n${line}\n`;
    await refused(/an entry point that is no program/, [CODE, { name: `${INFO}/entry_points.txt`, content }]);
  });

  it('with two files for one place', async () => {
    await refused(/two files for one place: lib\/python3\.12\/site-packages\/demo\/__init__\.py/, [
      CODE,
      { name: 'demo-1.0.data/purelib/demo/__init__.py', content: 'x = 2\n' },
    ]);
  });

  it('with a script whose bytes are not what the zip says', async () => {
    await refused(/wrong CRC-32 for demo-1\.0\.data\/scripts\/tool/, [
      { name: 'demo-1.0.data/scripts/tool', content: '#!python\n', crc: 7 },
    ]);
  });
});
