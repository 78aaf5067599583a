import { execFileSync } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readTextFile } from '../../src/python/text-file.ts';
import { expectCode } from '../expect-code.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, 'requirements.txt');
});

const WHAT = 'The requirements file requirements.txt';

describe('a text file', () => {
  it('is read as it is, whatever its line ends', async () => {
    await writeFile(file, 'größe\r\n# more\n');
    expect(await readTextFile(file, WHAT)).toBe('größe\r\n# more\n');
  });

  it('is told by name when it is not there', async () => {
    const error = await expectCode(() => readTextFile(file, WHAT), 'REQUIREMENTS_NOT_FOUND');
    expect(error.message).toBe(`${WHAT} does not exist`);
    expect(error.hint).toContain('relative');
    await writeFile(file, '');
    const below = await expectCode(() => readTextFile(join(file, 'x'), WHAT), 'REQUIREMENTS_NOT_FOUND');
    expect(below.message).toBe(`${WHAT} does not exist`);
  });

  it('is not a folder', async () => {
    const error = await expectCode(() => readTextFile(folder, WHAT), 'REQUIREMENTS_NOT_FOUND');
    expect(error.message).toBe(`${WHAT} is a folder`);
  });

  it('is not a pipe that nobody writes to, nor a device without end', async () => {
    execFileSync('mkfifo', [file]);
    for (const path of [file, '/dev/zero']) {
      const error = await expectCode(() => readTextFile(path, WHAT), 'REQUIREMENTS_NOT_FOUND');
      expect(error.message).toBe(`${WHAT} is not a regular file`);
    }
  });

  it('is not larger than lists are', async () => {
    await writeFile(file, '');
    await truncate(file, (16 << 20) + 1);
    const error = await expectCode(() => readTextFile(file, WHAT), 'REQUIREMENTS_INVALID');
    expect(error.message).toContain('more than 16777216 bytes');
  });

  it('is UTF-8, and not what Windows writes by default', async () => {
    await writeFile(file, '\ufeffnumpy\n', 'utf16le');
    const utf16 = await expectCode(() => readTextFile(file, WHAT), 'REQUIREMENTS_INVALID');
    expect(utf16.message).toBe(`${WHAT} is not UTF-8 but UTF-16`);
    await writeFile(file, Buffer.from('gr\xf6\xdfe', 'latin1'));
    const latin = await expectCode(() => readTextFile(file, WHAT), 'REQUIREMENTS_INVALID');
    expect(latin.message).toBe(`${WHAT} is not UTF-8`);
    expect(latin.hint).toContain('UTF-8');
  });

  it('is told by the reason of the system when it cannot be read', async () => {
    const error = await expectCode(() => readTextFile(join(folder, 'x'.repeat(300)), WHAT), 'REQUIREMENTS_NOT_FOUND');
    expect(error.message).toMatch(/cannot be read: ENAMETOOLONG/);
  });
});
