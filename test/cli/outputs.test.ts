// What the shell does with the program: pipes that close, disks that are full, signals that repeat, folders that vanish.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { sampleImage } from '../contract/sample-image.ts';
import { startFakeRegistry } from '../registry/fake-registry.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';

const PROGRAM = [process.execPath, join(import.meta.dirname, '..', '..', 'bin', 'imagespec.js')];

let project: Project;

beforeEach(async () => {
  project = await createProject();
  await project.spec({ base_image: 'scratch' });
});
afterEach(() => project.remove());

/** Runs a shell line in which "$@" is the program with its arguments; what it says on stderr. */
function shell(line: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: project.cache, IMAGESPEC_CACHE: project.cache, CI: 'true' };
  return new Promise((resolve, reject) => {
    const child = execFile(
      'sh',
      ['-c', line, 'sh', ...PROGRAM, ...args],
      { cwd: project.folder, env },
      (_error, _out, stderr) => resolve(stderr),
    );
    child.on('error', reject);
  });
}

describe('the result', () => {
  it.each([['schema'], ['tag'], ['build']])('of %s may find no reader', async (command) => {
    expect(await shell('{ "$@"; echo "status $?" >&2; } | true', command)).toMatch(/(?:^|\n)status 0\n$/);
  });

  it.runIf(existsSync('/dev/full')).each([['tag'], ['build']])('of %s must not be lost', async (command) => {
    const stderr = await shell('"$@" >/dev/full; echo "status $?" >&2', command);
    expect(stderr).toMatch(
      /result cannot be written to standard output: ENOSPC.*\[OUTPUT_UNWRITABLE\]\nhint: .*\nstatus 1\n$/,
    );
  });
});

it('words for people may find no reader, and the build goes on', async () => {
  expect(await shell('{ { "$@" 2>&1 >result; echo $? >status; } | true; cat result status; } >&2', 'build')).toBe(
    'oci:.imagespec/hello\n0\n',
  );
});

it('a folder that is gone is told', async () => {
  const stderr = await shell('mkdir gone; cd gone; rmdir ../gone; "$@"; echo "status $?" >&2', 'build');
  expect(stderr).toMatch(/error: The current folder is gone .*\[USAGE\]\nhint: .*\nstatus 2\n$/);
});

describe('a build that is interrupted', () => {
  it.each([
    ['again', ['SIGINT', 'SIGTERM']],
    ['a third time', ['SIGINT', 'SIGTERM', 'SIGHUP']],
  ] satisfies [string, NodeJS.Signals[]][])('%s ends with 130', async (_name, signals) => {
    const base = await sampleImage('base');
    const path = new RegExp(base.layers[0]!.descriptor.digest);
    const fake = await startFakeRegistry({ faults: [{ method: 'GET', path, go: 'hang' }] });
    try {
      await copy(createContext(), base, fake.store('base'), ['1']);
      await project.spec({ base_image: `${fake.host}/base:1` });
      const args = ['build', '-o', 'oci:out', '--progress', 'json'];
      const ran = await project.run(args, { interruptAt: /"step":"read base"/, signals });
      expect(ran.status, ran.stderr).toBe(130);
      expect(ran.stdout).toBe('');
      expect(existsSync(join(project.folder, 'out', 'index.json'))).toBe(false);
    } finally {
      await fake.close();
    }
  });
});
