// In a container without privileges, as continuous integration has it: what is forbidden there, and images built there all the same.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SnippetName } from './command-snippets.ts';
import { commandOf, FIXTURE_PROGRAM, SNIPPETS } from './command-snippets.ts';
import type { CiContainer } from './ground/ci-container.ts';
import { createCiContainer, LESS_CAPABILITIES, strictProfile } from './ground/ci-container.ts';
import type { CommandGround } from './ground/command-ground.ts';
import { addBase, createCommandGround } from './ground/command-ground.ts';
import { tryRun } from './ground/folder.ts';

let ground: CommandGround;
let container: CiContainer;
let strict: string;
/** In words of processes, to find them. */
const mark = `9${Date.now()}`;

const COMMANDS = [
  ...(Object.keys(SNIPPETS) as SnippetName[]).map(commandOf),
  `(setsid sleep ${mark} &); (setsid setpriv --reuid 60000 --regid 60000 --clear-groups sleep ${mark} &)`,
];
/** Of the host, by namespaces. */
let expected: string;

beforeAll(async () => {
  ground = await createCommandGround();
  await addBase(ground.layout, 'fixture', (await tryRun('python3', ['-c', FIXTURE_PROGRAM])).stdout);
  container = await createCiContainer(ground);
  strict = `seccomp=${await strictProfile(ground.folder)}`;
  const made = await ground.build(COMMANDS, { base: 'fixture' });
  expect(made.status, made.stderr).toBe(0);
  expected = made.image!.digest;
});

afterAll(async () => {
  await container.close();
  await ground.close();
});

/** A folder with the spec, and words that build it. */
async function project(name: string): Promise<string> {
  const place = join(ground.folder, name);
  await mkdir(place);
  const base = `oci:${ground.layout}:fixture`;
  const spec = { name: 'commands-test', base_image: base, platform: 'linux/amd64', commands: COMMANDS };
  await writeFile(join(place, 'imagespec.yaml'), JSON.stringify(spec));
  return place;
}

/** Without the shell that has these words, and without finding itself. */
const LEFT = `ls -A "$IMAGESPEC_CACHE/v1/scratch"; grep -l '[9]${mark.slice(1)}' /proc/[0-9]*/cmdline | grep -v /proc/1/`;

describe.each([
  ['the capabilities and the profile of podman', () => [LESS_CAPABILITIES], /unshare: mount \/proc failed/],
  ['devices of its own', () => [], /unshare: mount \/proc failed/],
  ['no namespaces at all', () => [LESS_CAPABILITIES, '--security-opt', strict], /unshare: unshare failed/],
] as const)('with %s', (name, options, why) => {
  it('refuses to run commands, and says what could be asked for', async () => {
    const place = await project(`refused ${name}`);
    const said = await container.run(`cd '${place}'; imagespec build; echo status $?; imagespec doctor`, options());
    expect(said).toMatch(/^error: No program of an image can be run on this host: .*\[SANDBOX_UNAVAILABLE\]$/m);
    expect(said).toMatch(why);
    expect(said).toMatch(
      /^hint: .*As root of this one you can choose --sandbox chroot \(or IMAGESPEC_SANDBOX=chroot\)/m,
    );
    expect(said).toMatch(/^status 1$/m);
    expect(said).toMatch(/^no +sandbox .*\n +Containers often forbid namespaces\. .*--sandbox chroot/m);
  });

  it('makes the image that the host makes when it is asked to', async () => {
    const place = await project(`made ${name}`);
    const said = await container.run(
      `cd '${place}'; imagespec build --sandbox chroot --json; echo status $?; ${LEFT}; echo nothing else;
      imagespec doctor --sandbox chroot; echo status $?`,
      options(),
    );
    expect(said).toMatch(/^status 0\nnothing else$/m);
    expect(said).toContain(`"${expected}"`);
    expect(said.match(/^warning: .*by chroot, as you asked: they are not isolated from this container/gm)).toHaveLength(
      1,
    );
    expect(said).toMatch(/^partly +sandbox +chroot works, as you asked for it.*\n(?:.*\n)+status 0$/m);
  });
});

it('runs an image, with what there is of devices', async () => {
  const image = `oci:${ground.layout}:base`;
  const script = 'echo x > /dev/null; id -u; ls -A /dev | tr "\\n" " "; test -e /etc/resolv.conf; exit 7';
  const said = await container.run(`imagespec run --sandbox chroot -u 33 ${image} sh -ec '${script}'; echo status $?`);
  expect(said).toMatch(/^33\nfd null ptmx pts shm stderr stdin stdout status 7$/m);
});

it('says what is missing when the container is not even allowed to chroot', async () => {
  const place = await project('no chroot');
  const said = await container.run(
    `cd '${place}'; imagespec build; imagespec build --sandbox chroot; echo status $?; IMAGESPEC_SANDBOX=chroot imagespec doctor`,
    ['--cap-drop=SYS_CHROOT'],
  );
  expect(said.match(/\[SANDBOX_UNAVAILABLE\]$/gm)).toHaveLength(2);
  expect(said).not.toContain('--sandbox chroot');
  expect(said).toMatch(/^hint: chroot takes root with the capabilities/m);
  expect(said).toMatch(/^status 1$/m);
  expect(said).toMatch(/^no +sandbox /m);
});
