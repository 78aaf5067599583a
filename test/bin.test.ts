// The program as it is started: by a Node that is too old it says so, whatever syntax the rest is written in.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '..', 'bin', 'imagespec.js');

/** Starts the program in a Node that believes to be another one. */
function startedBy(version: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const lie = `Object.defineProperties(process, { version: { value: 'v${version}' }, versions: { value: { ...process.versions, node: '${version}' } } });`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(lie)}`, BIN, '--version'];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

it.each(['18.20.8', '20.20.2', '22.18.0'])('an older Node, %s, is told in one line', async (version) => {
  const stderr = `imagespec needs Node.js 22.19 or newer, but this is v${version}\n`;
  expect(await startedBy(version)).toEqual({ status: 2, stdout: '', stderr });
});

it.each(['22.19.0', '24.0.0', '26.10.0'])('a newer one, %s, starts it', async (version) => {
  expect(await startedBy(version)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});
