import { existsSync } from 'node:fs';
import { stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImageSpecError } from '../../src/core/error.ts';
import { makeFolder, outputPlace, readRange, writing } from '../../src/store/disk.ts';
import { drain, expectCode } from '../expect-code.ts';
import { temporaryFolder } from './temporary-folder.ts';

const place = outputPlace('oci:./out');

describe('writing', () => {
  it.runIf(existsSync('/dev/full'))('says that the disk is full', async () => {
    const error = await expectCode(() => writing(place, () => writeFile('/dev/full', 'x')), 'DISK_FULL');
    expect(error.message).toContain('oci:./out');
  });

  it.each(['EACCES', 'EROFS', 'EPERM', 'EIO'])('gives %s the code of the place', async (code) => {
    const cause = Object.assign(new Error(`${code}: refused`), { code });
    const error = await expectCode(() => writing(place, () => Promise.reject(cause)), 'OUTPUT_UNWRITABLE');
    expect(error.cause).toBe(cause);
  });

  it('leaves bugs and our own errors as they are', async () => {
    const bug = Object.assign(new TypeError('bug'), { code: 'ERR_INVALID_ARG_TYPE' });
    await expect(writing(place, () => Promise.reject(bug))).rejects.toBe(bug);
    const ours = new ImageSpecError('NETWORK', 'cut');
    await expect(writing(place, () => Promise.reject(ours))).rejects.toBe(ours);
  });
});

describe('makeFolder', () => {
  it('makes all that is missing, as often as it is asked', async () => {
    const folder = await temporaryFolder();
    const deep = join(folder, 'a', 'b', 'c');
    await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, 'a', 'd'))]);
    await makeFolder(deep);
    expect((await stat(deep)).isDirectory()).toBe(true);
    await symlink(deep, join(folder, 'link'));
    await makeFolder(join(folder, 'link'));
  });

  it('leaves a file that stands in its place', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(folder, 'file', 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(existsSync('/proc/self'))('ends where no folder can ever be made', async () => {
    await expect(makeFolder('/proc/imagespec/x')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('readRange', () => {
  it('reads a file, a range of it, or nothing of it', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '0123456789');
    const read = async (...range: readonly number[]) => String(await drain(readRange(file, ...range)));
    expect(await Promise.all([read(), read(4), read(4, 3), read(4, 0)])).toEqual(['0123456789', '456789', '456', '']);
  });

  it('says what is in the way', async () => {
    const folder = await temporaryFolder();
    await expectCode(() => drain(readRange(join(folder, 'none'))), 'NOT_FOUND');
    await expectCode(() => drain(readRange(folder)), 'ARCHIVE_INVALID');
  });
});
