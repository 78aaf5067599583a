// Packages that are not what they claim, and places that do not give them: refused before anything of them is in an image.
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildResult } from '../../src/build/result.ts';
import type { ErrorCode } from '../../src/core/error.ts';
import { serve } from '../python/programs.ts';
import type { TestMember } from '../python/make-zip.ts';
import { makeZip } from '../python/make-zip.ts';
import type { WheelOptions } from '../python/make-wheel.ts';
import { makeWheel, recordRow, WHEEL_NAME } from '../python/make-wheel.ts';
import type { LockedFile } from './python-base.ts';
import { addBase, addLock, pythonBase } from './python-base.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { refused } from './refused.ts';

let project: Project;

beforeEach(async () => {
  project = await createProject();
  await addBase(project, await pythonBase());
  await project.spec({ base_image: 'oci:base', requirements: 'pylock.toml' });
});
afterEach(() => project.remove());

const CODE: TestMember = { name: 'demo/__init__.py', content: 'x = 1\n' };
const WHEEL = makeWheel([CODE]);
const lock = (more: Partial<LockedFile> = {}): Promise<void> =>
  addLock(project, [{ name: WHEEL_NAME, bytes: WHEEL, ...more }]);
const build = (code: ErrorCode, words: readonly (string | RegExp)[], ...args: string[]): Promise<string> =>
  refused(project, ['build', '-o', 'oci:out', ...args], code, words);

it('a plan names the packages without fetching them', async () => {
  await lock({ url: `http://127.0.0.1:9/${WHEEL_NAME}` });
  const { status, stdout, stderr } = await project.run(['build', '--plan', '-o', 'oci:out']);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/pack\s+demo 1\.0/);
});

it('an honest wheel is installed', async () => {
  await lock();
  const { status, stdout, stderr } = await project.run(['build', '-o', 'oci:out']);
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'oci:out\n' });
  expect(stderr).toContain('demo 1.0');
});

it('a lock of its own is not locked again, and is never changed', async () => {
  await lock();
  const { status, stderr } = await project.run(['build', '--frozen', '-o', 'oci:out']);
  expect(status, stderr).toBe(0);
  expect(await readdir(project.folder)).not.toContain('imagespec.lock');
});

it('packages share the layers that the spec asks for', async () => {
  const wheels = ['demo', 'big-one', 'big-two'].map((name) => ({
    name: `${name.replace('-', '_')}-1.0-py3-none-any.whl`,
    bytes: makeWheel([{ name: `${name.replace('-', '_')}/x.py`, content: `x = "${name}"\n` }], { name }),
  }));
  await addLock(project, wheels);
  const layersFor = async (layers: unknown): Promise<[contents: string[], warnings: readonly string[]]> => {
    await project.spec({ base_image: 'oci:base', requirements: 'pylock.toml', layers });
    const { status, stdout, stderr } = await project.run(['build', '--json', '-o', 'oci:out']);
    expect(status, stderr).toBe(0);
    const [image] = (JSON.parse(stdout) as BuildResult).images;
    const packed = image!.platforms[0]!.layers.filter(({ kind }) => kind === 'packages');
    return [packed.map(({ content }) => content), image!.warnings];
  };
  const [together] = await layersFor([['big-*', 'demo']]);
  expect(together).toEqual(['3 packages: big-one, big-two, demo']);
  const [apart, warnings] = await layersFor([['demo'], ['big_one'], ['Big.Two', 'nosuch']]);
  expect(apart).toEqual(['demo 1.0', 'big-one 1.0', 'big-two 1.0']);
  expect(warnings).toContain('`layers` names "nosuch", which is no package of this image');
});

const other = (path: string): TestMember => ({ name: path, content: 'x = 2\n' });

describe('a wheel is refused by its file and what is wrong in it', () => {
  it.each<[string, readonly TestMember[], WheelOptions, RegExp]>([
    ['a wrong CRC', [{ ...CODE, crc: 7 }], {}, /damaged file, demo\/__init__\.py: its CRC-32/],
    [
      'a content that RECORD does not know',
      [CODE],
      { record: (rows) => rows.join('\n').replace(/sha256=./, 'sha256=_') },
      /not what its RECORD says: demo\/__init__\.py/,
    ],
    ['a file that RECORD does not list', [CODE], { unlisted: [other('extra.py')] }, /RECORD does not list: extra\.py/],
    [
      'a path out of its folder',
      [CODE, other('../../etc/cron.d/x')],
      {},
      /path that is not allowed: "\.\.\/\.\.\/etc\/cron\.d\/x"/,
    ],
    ['an absolute path', [CODE, other('/etc/passwd')], {}, /path that is not allowed: "\/etc\/passwd"/],
    ['two members of one name', [CODE], { unlisted: [other('demo/__init__.py')] }, /member "demo\/__init__\.py" twice/],
    [
      'names alike but for their case',
      [CODE, other('Demo/__init__.py')],
      {},
      /cannot tell apart: "demo\/__init__\.py" and "Demo/,
    ],
    ['a file that is a folder too', [CODE, other('demo')], {}, /"demo" both as a file and as a folder/],
    ['a symbolic link', [{ ...CODE, mode: 0o120777 }], {}, /symbolic link "demo\/__init__\.py"/],
    ['an encrypted member', [{ ...CODE, flags: 1 }], {}, /encrypted member/],
    ['a member that claims more than DEFLATE can', [{ ...CODE, size: 2_000_000_000 }], {}, /impossible size/],
    [
      'a member that is more than it claims',
      [{ ...CODE, content: 'x'.repeat(1e6), size: 900_000 }],
      {},
      /more bytes|another size/,
    ],
    ['another name inside', [CODE], { name: 'other' }, /holds other-1\.0\.dist-info/],
    [
      'a name that is a path inside',
      [CODE],
      { metadata: 'Name: ../../demo\nVersion: 1.0\n' },
      /is \.\.\/\.\.\/demo 1\.0 by its METADATA/,
    ],
    [
      'an entry point that is a path',
      [{ name: 'demo-1.0.dist-info/entry_points.txt', content: '[console_scripts]\n../../x = a:b\n' }],
      {},
      /entry point that is no program: \.\.\/\.\.\/x = a:b/,
    ],
    ['bytes of nobody behind it', [CODE], { suffix: Buffer.from('more') }, /not a zip archive, or is cut/],
  ])('%s', async (_name, members, options, words) => {
    await lock({ bytes: makeWheel(members, options) });
    const said = await build('WHEEL_INVALID', [words, /choose another version/]);
    expect(said).toContain(`error: wheel ${WHEEL_NAME} `);
  });

  it('no zip at all', async () => {
    await lock({ bytes: Buffer.from('<html>please log in</html>') });
    await build('WHEEL_INVALID', [/demo-1\.0-py3-none-any\.whl is not a zip archive/]);
  });

  it('a zip that is no wheel', async () => {
    await lock({ bytes: makeZip([CODE]) });
    await build('WHEEL_INVALID', [/has 0 \.dist-info folders instead of one/]);
  });

  it('a stream with something behind it', async () => {
    const { content = '' } = CODE;
    const data = Buffer.concat([Buffer.from([1, 6, 0, 0xf9, 0xff]), Buffer.from(content), Buffer.from('behind')]);
    await lock({ bytes: makeWheel([{ ...CODE, data }]) });
    await build('WHEEL_INVALID', [/demo\/__init__\.py/]);
  });

  it('files in the place of the environment, or of another package', async () => {
    await lock({ bytes: makeWheel([{ name: 'demo-1.0.data/data/bin/python', content: '\x7fELF' }]) });
    await build('PATH_CONFLICT', [/\/opt\/venv\/bin\/python cannot be made: environment and demo both want it/]);
    const second = makeWheel([{ ...CODE, content: 'x = 2\n' }], { name: 'more' });
    await addLock(project, [
      { name: WHEEL_NAME, bytes: WHEEL },
      { name: 'more-1.0-py3-none-any.whl', bytes: second },
    ]);
    await build('PATH_CONFLICT', [/site-packages\/demo\/__init__\.py cannot be made: demo and more both want it/]);
  });
});

describe('a lock is refused', () => {
  it('whose wheel is another one, here or there', async () => {
    const words = [/wheel demo-1\.0-py3-none-any\.whl has digest sha256:[0-9a-f]{64} instead of sha256:0{64}/];
    await lock({ sha256: '0'.repeat(64) });
    await build('DIGEST_MISMATCH', words);
    const { host } = await serve(() => ({ status: 200, body: WHEEL }));
    await lock({ url: `http://${host}/${WHEEL_NAME}`, sha256: '0'.repeat(64) });
    await build('DIGEST_MISMATCH', words);
  });

  it('that has no wheel for the target, with those it has', async () => {
    await addLock(project, [{ name: 'demo-1.0-cp312-cp312-win_amd64.whl', bytes: WHEEL }]);
    await build('NO_WHEEL', [
      /demo 1\.0 has no wheel for Python 3\.12\.0 on x86_64 with glibc 2\.36/,
      /cp312-cp312-win_amd64/,
    ]);
  });

  it('whose wheel is not where it says', async () => {
    await lock({ url: 'file:///nowhere/demo-1.0-py3-none-any.whl' });
    await build('NOT_FOUND', [/no \/nowhere\/demo-1\.0-py3-none-any\.whl/, /make the lock anew/]);
  });

  it.each<[number, ErrorCode, RegExp]>([
    [401, 'UNAUTHORIZED', /credentials/],
    [403, 'FORBIDDEN', /credentials/],
    [404, 'NOT_FOUND', /Check the address/],
  ])('whose index answers %d, without a word of the password', async (status, code, words) => {
    const { host } = await serve(() => ({ status, body: 'no' }));
    await lock({ url: `http://me:secret@${host}/${WHEEL_NAME}` });
    const said = await build(code, [words, `download http://${host}/${WHEEL_NAME}`, String(status)]);
    expect(said).not.toContain('secret');
  });

  it('whose index is not there', async () => {
    const server = await serve(() => ({ status: 200 }));
    await server.close();
    await lock({ url: `http://${server.host}/${WHEEL_NAME}` });
    await build('NETWORK', [`The connection to ${server.host} failed: nothing listens there`, /Check host and port/]);
  }, 60_000);

  it('that needs the network when there shall be none', async () => {
    await lock({ url: `http://127.0.0.1:9/${WHEEL_NAME}` });
    await build('OFFLINE', [/demo-1\.0-py3-none-any\.whl is not in the cache/, /without --offline/], '--offline');
  });
});

it('an entry in RECORD that leads nowhere is told by its path', async () => {
  const record = (rows: readonly string[]): string => [...rows, recordRow('gone.py', '')].join('\n');
  await lock({ bytes: makeWheel([CODE], { record }) });
  await build('WHEEL_INVALID', [/lacks a file that its RECORD lists: gone\.py/]);
});
