import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IdFiles } from '../../src/sandbox/ids.ts';
import { chooseIds } from '../../src/sandbox/ids.ts';
import type { HostPrograms } from '../../src/sandbox/programs.ts';

let files: IdFiles;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-ids-'));
  const at = (name: string): string => join(folder, name);
  files = { uidMap: at('uid_map'), gidMap: at('gid_map'), subuid: at('subuid'), subgid: at('subgid') };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const programs = { newuidmap: '/usr/bin/newuidmap' } as HostPrograms;
const user = { uid: 1000, gid: 1001, name: 'ada' };

async function lend(subuid: string, subgid = subuid): Promise<void> {
  await writeFile(files.subuid, subuid);
  await writeFile(files.subgid, subgid);
}

describe('chooseIds', () => {
  it('keeps all ids of root as they are, in a container too', async () => {
    await writeFile(files.uidMap, '         0       1000          1\n         1     100000      65536\n');
    await writeFile(files.gidMap, '         0          0 4294967295\n');
    expect(await chooseIds({ uid: 0, gid: 0, name: 'root' }, programs, files)).toEqual({
      kind: 'root',
      uids: [
        [0, 0, 1],
        [1, 1, 65536],
      ],
      gids: [[0, 0, 4294967295]],
    });
  });

  it.each(['ada:200000:65536\n', 'bob:100000:65536\n1000:200000:65536\n'])(
    'takes the range that is lent: %j',
    async (text) => {
      await lend(text);
      expect(await chooseIds(user, programs, files)).toEqual({
        kind: 'range',
        uids: [
          [0, 1000, 1],
          [1, 200000, 65536],
        ],
        gids: [
          [0, 1001, 1],
          [1, 200000, 65536],
        ],
      });
    },
  );

  const single = { kind: 'single', uids: [[0, 1000, 1]], gids: [[0, 1001, 1]] };

  it.each([
    ['nobody has written a line', ''],
    ['the line is of another user', 'bob:100000:65536\n'],
    ['the range is too short for an image', 'ada:100000:100\n'],
  ])('has one id where %s', async (_name, text) => {
    await lend(text);
    expect(await chooseIds(user, programs, files)).toEqual(single);
  });

  it('has one id without newuidmap, without groups, or without the files', async () => {
    expect(await chooseIds(user, programs, files)).toEqual(single);
    await lend('ada:200000:65536\n', '');
    expect(await chooseIds(user, programs, files)).toEqual(single);
    await lend('ada:200000:65536\n');
    expect(await chooseIds(user, {}, files)).toEqual(single);
  });
});
