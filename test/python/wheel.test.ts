import { writeFile } from 'node:fs/promises';
import { array, assert, asyncProperty, constantFrom, nat, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/core/context.ts';
import { openScanner } from '../../src/layer/scan-content.ts';
import type { Wheel } from '../../src/python/wheel.ts';
import { readWheel, verifyRecord } from '../../src/python/wheel.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import type { TestMember } from './make-zip.ts';
import type { WheelOptions } from './make-wheel.ts';
import { makeWheel, recordRow, wheelFile, WHEEL_NAME } from './make-wheel.ts';

const CODE: TestMember = { name: 'demo/__init__.py', content: 'x = 1\n' };
const INFO = 'demo-1.0.dist-info';

async function read(members: readonly TestMember[], options?: WheelOptions, filename = WHEEL_NAME): Promise<Wheel> {
  return readWheel(testContext(), await wheelFile(makeWheel(members, options), filename), filename);
}

const refused = async (words: RegExp, members: readonly TestMember[], options?: WheelOptions, filename?: string) => {
  const error = await expectCode(() => read(members, options, filename), 'WHEEL_INVALID');
  expect(error.message).toMatch(words);
  expect(error.message).toContain(`wheel ${filename ?? WHEEL_NAME}`);
};

async function verify(ctx: Context, wheel: Wheel): Promise<void> {
  const scanner = await openScanner(ctx);
  await verifyRecord(ctx, wheel, scanner).finally(scanner.close);
}

describe('a wheel', () => {
  it('says what it is', async () => {
    const wheel = await read([CODE, { name: `${INFO}/entry_points.txt`, content: '[console_scripts]\na = b:c\n' }]);
    expect(wheel).toMatchObject({ filename: WHEEL_NAME, distInfo: INFO, name: 'demo' });
    expect(wheel.entryPoints).toBe('[console_scripts]\na = b:c\n');
    expect(wheel.members.map(({ name }) => name)).toContain('demo/__init__.py');
    expect([...wheel.record.keys()]).toEqual(wheel.members.map(({ name }) => name));
    await verify(testContext(), wheel);
  });

  it.each([
    ['Flask_SQLAlchemy', '3.0', 'flask_sqlalchemy-3.0-py3-none-any.whl'],
    ['zope.interface', '1.0', 'zope_interface-1.0-py3-none-any.whl'],
    ['torch', '2.6.0+cu124', 'torch-2.6.0+cu124-cp312-cp312-linux_x86_64.whl'],
    ['demo', '2020.01.02', 'demo-2020.1.2-py3-none-any.whl'],
    ['demo', '1.0.0', 'demo-1.0-1-py3-none-any.whl'],
    ['demo', '1!1.0rc1', 'demo-1!1.0.rc1-py3-none-any.whl'],
  ])('may spell name and version in its own way: %s %s in %s', async (name, version, filename) => {
    expect(await read([CODE], { name, version }, filename)).toMatchObject({ name });
  });

  it('may have signatures and folders that RECORD does not list', async () => {
    const unlisted = [
      { name: `${INFO}/RECORD.jws`, content: '{}' },
      { name: `${INFO}/RECORD.p7s`, content: 'x' },
      { name: 'demo/', mode: 0o040755, method: 0 },
    ];
    const record = (rows: readonly string[]): string => `${[...rows, 'demo/,,'].join('\n')}\n`;
    await verify(testContext(), await read([CODE], { unlisted, record }));
  });

  it('may be of a newer minor version, and may use better hashes or leave sizes out', async () => {
    const record = (rows: readonly string[]): string => rows.map((row) => `${row.replace(/\d+$/, '')}\n`).join('');
    await verify(testContext(), await read([CODE], { wheel: 'wheel-version: 1.9\r\n', record }));
  });

  it('is read in no time, however its head is written', async () => {
    const metadata = `Name: demo${' '.repeat(2_000_000)}x\nVersion: 1.0\n`;
    await expectCode(() => read([CODE], { metadata }), 'WHEEL_INVALID');
  });

  it('is not read for a build that was interrupted', async () => {
    const ctx = { ...testContext(), signal: AbortSignal.abort() };
    await expectCode(() => readWheel(ctx, '/nowhere', WHEEL_NAME), 'ABORTED');
    const wheel = await read([CODE]);
    await expectCode(() => verify(ctx, wheel), 'ABORTED');
  });
});

describe('a wheel is refused that is not what it says', () => {
  it.each<[string, RegExp, WheelOptions]>([
    ['by the name of its folder', /holds other-1\.0\.dist-info, which is not what its name says/, { name: 'other' }],
    ['by the version of its folder', /holds demo-1\.1\.dist-info/, { version: '1.1' }],
    ['by a name in METADATA', /is evil 1\.0 by its METADATA/, { metadata: 'Name: evil\nVersion: 1.0\n' }],
    ['by a path as name in METADATA', /is \.\.\/\.\.\/demo 1\.0/, { metadata: 'Name: ../../demo\nVersion: 1.0\n' }],
    ['by a version in METADATA', /is demo 1\.0\.1 by its METADATA/, { metadata: 'Name: demo\nVersion: 1.0.1\n' }],
    [
      'without name and version',
      /is nameless without a version/,
      { metadata: 'Metadata-Version: 2.4\n\nName: demo\nVersion: 1.0\n' },
    ],
    ['by a newer format', /of the wheel format 2\.0, only 1 is known/, { wheel: 'Wheel-Version: 2.0\n' }],
    ['by no format', /does not say its Wheel-Version/, { wheel: 'Generator: x\n' }],
  ])('%s', async (_name, words, options) => {
    await refused(words, [CODE], options);
  });

  it('by having several descriptions, or none', async () => {
    await refused(/has 2 \.dist-info folders/, [CODE, { name: 'b-1.dist-info/METADATA', content: 'x' }]);
    const bytes = makeWheel([CODE]).toString('latin1').replaceAll('.dist-info', '.dist-inf_');
    const file = await wheelFile(Buffer.from(bytes, 'latin1'));
    const error = await expectCode(() => readWheel(testContext(), file, WHEEL_NAME), 'WHEEL_INVALID');
    expect(error.message).toContain('has 0 .dist-info folders');
  });

  it.each(['METADATA', 'WHEEL', 'RECORD'])('by having no %s', async (name) => {
    const wrong = 'x'.repeat(name.length);
    const bytes = makeWheel([CODE]).toString('latin1').replaceAll(`info/${name}`, `info/${wrong}`);
    const file = await wheelFile(Buffer.from(bytes, 'latin1'));
    const error = await expectCode(() => readWheel(testContext(), file, WHEEL_NAME), 'WHEEL_INVALID');
    expect(error.message).toContain(`lacks METADATA, WHEEL or RECORD in ${INFO}`);
  });
});

describe('a wheel is refused whose RECORD', () => {
  const replacing = (from: string | RegExp, to: string) => ({
    record: (rows: readonly string[]): string => `${rows.join('\n').replace(from, to)}\n`,
  });
  const row = recordRow('demo/__init__.py', 'x = 1\n');

  it.each<[string, RegExp, WheelOptions]>([
    ['does not list a file', /does not list: demo\/__init__\.py/, replacing(row, '')],
    [
      'lists a file that is not there',
      /lacks a file that its RECORD lists: gone\.py/,
      replacing(row, `${row}\ngone.py,,`),
    ],
    ['has no hash of a file', /without a sha256 or better/, replacing(/sha256=[^,]*,6/, ',6')],
    ['has a weak hash of a file', /without a sha256 or better/, replacing('sha256=', 'md5=')],
    ['has another size', /demo\/__init__\.py with another size/, replacing(/,6$/m, ',7')],
    ['has a size that is no number', /with another size/, replacing(/,6$/m, ',six')],
    ['is no table', /RECORD that is not CSV/, { record: () => 'one,two\n' }],
    ['is empty', /does not list/, { record: () => '' }],
  ])('%s', async (_name, words, options) => {
    await refused(words, [CODE], options);
  });

  it('has another hash, once every file is read', async () => {
    const wheel = await read([CODE], replacing(/sha256=./, 'sha256=_'));
    const error = await expectCode(() => verify(testContext(), wheel), 'WHEEL_INVALID');
    expect(error.message).toBe(`wheel ${WHEEL_NAME} has a file that is not what its RECORD says: demo/__init__.py`);
  });
});

it('a wheel is refused for members that are not what the zip says, whatever RECORD says', async () => {
  const lies: readonly [TestMember, RegExp][] = [
    [{ ...CODE, crc: 7 }, /damaged file, demo\/__init__\.py: its CRC-32 is not/],
    [{ ...CODE, data: Buffer.from([3, 0]), size: 6 }, /damaged file, demo\/__init__\.py: it inflates to fewer bytes/],
  ];
  for (const [lie, words] of lies) {
    const wheel = await read([lie]);
    const error = await expectCode(() => verify(testContext(), wheel), 'WHEEL_INVALID');
    expect(error.message).toMatch(words);
  }
  await refused(/wrong CRC-32 for demo-1\.0\.dist-info\/WHEEL/, [
    CODE,
    { name: `${INFO}/WHEEL`, content: 'x', crc: 7 },
  ]);
});

it('a wheel whose bytes were changed anywhere is read or refused, and nothing else', async () => {
  const points = { name: `${INFO}/entry_points.txt`, content: '[console_scripts]\na = b:c\n' };
  const honest = [false, true].map((zip64) => makeWheel([CODE, points, { ...CODE, name: 'b', zip64 }], { zip64 }));
  const change = record({ at: nat(10_000), byte: constantFrom(0, 1, 0x7f, 0x80, 0xff) });
  const changes = array(change, { minLength: 1, maxLength: 3 });
  const file = await wheelFile(Buffer.alloc(0));
  await assert(
    asyncProperty(constantFrom(...honest), changes, nat(40), async (wheel, list, cut) => {
      const bytes = Buffer.from(wheel.subarray(0, wheel.length - (cut > 30 ? cut : 0)));
      for (const { at, byte } of list) bytes[at % bytes.length] = byte;
      await writeFile(file, bytes);
      const whole = async (): Promise<void> => verify(testContext(), await readWheel(testContext(), file, WHEEL_NAME));
      await whole().catch((error: unknown) => expect(error).toMatchObject({ code: 'WHEEL_INVALID' }));
    }),
    { numRuns: 300 },
  );
});
