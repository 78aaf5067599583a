import { describe, expect, it } from 'vitest';
import { getent, id } from '../../src/maintscript/name-queries.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeAccounts } from './accounts.ts';
import { runProgram } from './staged-tree.ts';

const tree = makeAccounts({
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nua:x:499:1:C:/x:/bin/sh\n',
  '/etc/group': 'root:x:0:\ndaemon:x:1:\naudio:x:29:games,ua\nvideo:x:44:ua\n',
});

describe('id', () => {
  it.each([
    ['id', 'uid=0(root) gid=0(root) groups=0(root)'],
    ['id -u ua', '499'],
    ['id -un ua', 'ua'],
    ['id -g ua', '1'],
    ['id -gn ua', 'daemon'],
    ['id -G ua', '1 29 44'],
    ['id -Gn ua', 'daemon audio video'],
    ['id ua', 'uid=499(ua) gid=1(daemon) groups=1(daemon),29(audio),44(video)'],
  ])('%s', (words, answer) => {
    expect(runProgram(tree, id, words)).toEqual({ status: 0, out: `${answer}\n`, error: '' });
  });

  it('knows who is missing', () => {
    expect(runProgram(tree, id, 'id nosuch')).toMatchObject({ status: 1, out: '' });
    expect(() => runProgram(tree, id, 'id -z ua')).toThrow(NotInterpretable);
  });
});

describe('getent', () => {
  it.each([
    ['getent passwd ua nosuch root', 2, 'ua:x:499:1:C:/x:/bin/sh\nroot:x:0:0:root:/root:/bin/bash\n'],
    ['getent group 1', 0, 'daemon:x:1:\n'],
    ['getent passwd 499', 0, 'ua:x:499:1:C:/x:/bin/sh\n'],
    ['getent group nosuch', 2, ''],
    ['getent shadow daemon', 0, 'daemon:*:1::::::\n'],
    ['getent gshadow audio', 0, 'audio:*::games\n'],
    ['getent passwd', 0, 'root:x:0:0:root:/root:/bin/bash\nua:x:499:1:C:/x:/bin/sh\n'],
  ])('%s', (words, status, out) => {
    expect(runProgram(tree, getent, words)).toEqual({ status, out, error: '' });
  });

  it('asks no network', () => {
    expect(() => runProgram(tree, getent, 'getent hosts localhost')).toThrow(NotInterpretable);
  });
});
