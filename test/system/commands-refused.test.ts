// Commands that fail and hosts that cannot run them: code, words and exit status of each.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TAR_PROGRAM } from './command-snippets.ts';
import type { CommandGround, CommandOptions } from './ground/command-ground.ts';
import { addBase, createCommandGround, leftovers } from './ground/command-ground.ts';
import { tryRun } from './ground/folder.ts';
import { asRoot } from './ground/overlay.ts';

let ground: CommandGround;

beforeAll(async () => {
  ground = await createCommandGround();
  const program = `${TAR_PROGRAM}add("etc/hello", data=b"x")\nout.close()`;
  await addBase(ground.layout, 'bare', (await tryRun('python3', ['-c', program])).stdout, true);
});

afterAll(() => ground.close());

const within = (script: string): string[] => [
  ...asRoot('unshare', ['-m']).flat(),
  'sh',
  '-ec',
  `${script}; exec "$@"`,
  'sh',
];
/** As root of a user namespace below which there may be no other. */
const NO_NAMESPACES = ['unshare', '-rm', 'sh', '-ec', 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', 'sh'];

const CASES: readonly (readonly [
  name: string,
  commands: readonly string[],
  words: RegExp,
  options?: CommandOptions,
])[] = [
  [
    'fails',
    ['true', 'echo why; exit 3', 'true'],
    /^error: Command 2 of 3 ended with status 3: echo why; exit 3; its last words: why \[COMMAND_FAILED\]$/m,
  ],
  [
    'fails without a word',
    ['false'],
    /^error: Command 1 of 1 ended with status 1: false, without a word \[COMMAND_FAILED\]$/m,
  ],
  [
    'is not there',
    ['nosuch'],
    /^error: Command 1 of 1 ended with status 127: nosuch; .*not found \[COMMAND_FAILED\]$/m,
  ],
  [
    'says much',
    ['for i in $(seq 5000); do echo line $i; done; exit 9'],
    /last words: line 4981 \| .* \| line 5000 \[COMMAND_FAILED\]$/m,
  ],
  [
    'is ended by a signal',
    ['true', `sh -c 'kill -9 $$'`],
    /^error: Command 2 of 2 was ended by signal 9: sh -c 'kill -9 \$\$'.*\[COMMAND_FAILED\]$/m,
  ],
  [
    'cannot be read',
    ['echo a', 'fi'],
    /^error: The commands cannot be read: \/bin\/sh of the image ended with status 2 before the first one; its last words: .*"fi" unexpected \[COMMAND_FAILED\]$/m,
  ],
  ['has no shell', ['true'], /has no \/bin\/sh \[PROGRAM_NOT_FOUND\]$/m, { base: 'bare' }],
  [
    'is for another architecture',
    ['true'],
    /^error: The commands of the spec must run for linux\/s390x, .* \[PLATFORM_FOREIGN\]$/m,
    { base: 'docker.io/library/nothing', fields: { platform: 'linux/s390x' } },
  ],
  ['may have no namespaces', ['true'], /\[SANDBOX_UNAVAILABLE\]$/m, { through: NO_NAMESPACES }],
  [
    'has no space for the layers',
    ['true'],
    /\[DISK_FULL\]$/m,
    { through: within('mount -t tmpfs -o size=60m tmpfs "$IMAGESPEC_CACHE"') },
  ],
  [
    'has no mount',
    ['true'],
    /^error: This host has no mount .*\[SANDBOX_UNAVAILABLE\]$/m,
    { through: within('for at in $(readlink -f $(which -a mount) | sort -u); do mount --bind /dev/null $at; done') },
  ],
];

it.each(CASES.map(([name, commands, words, options]) => ({ name, commands, words, options })))(
  'says what is wrong where a command $name',
  async ({ commands, words, options }) => {
    const { status, stderr } = await ground.build(commands, options);
    expect(status, stderr).toBe(1);
    expect(stderr).toMatch(words);
    expect(stderr).toMatch(/^hint: \S/m);
    expect(stderr).not.toMatch(/\bat .*\.js:\d|this is a bug|undefined/);
    expect(await leftovers(ground.cache, 'no process has this')).toEqual([]);
  },
);
