import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../src/python/run-program.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { program } from './programs.ts';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

const run = async (script: string, args: readonly string[] = [], ctx = testContext(), timeoutMs = 60_000) =>
  runProgram(ctx, await program(join(folder, 'tool'), script), args, {
    env: { PATH: process.env['PATH'], OWN: 'own', UNSET: undefined },
    folder,
    timeoutMs,
  });

describe('a program', () => {
  it('gets its arguments, folder and variables, and nothing else', async () => {
    const script = 'echo "$# $1 $OWN ${UNSET-unset} ${HOME-homeless}"; pwd; cat; echo said >&2; exit 3';
    expect(await run(script, ['a "b" $c'])).toEqual({
      status: 3,
      stdout: `1 a "b" $c own unset homeless\n${folder}\n`,
      stderr: 'said\n',
      failure: undefined,
    });
  });

  it('that cannot be started is told', async () => {
    const options = { env: {}, folder, timeoutMs: 60_000 };
    const end = await runProgram(testContext(), join(folder, 'absent'), [], options);
    expect(end).toEqual({ status: undefined, stdout: '', stderr: '', failure: expect.stringContaining('ENOENT') });
  });

  it('that dies of a signal is told', async () => {
    expect(await run('kill -KILL $$')).toMatchObject({ status: undefined, failure: 'it was ended by SIGKILL' });
  });

  it('may say more than is kept', async () => {
    const { status, stdout } = await run('head -c 3000000 /dev/zero; exit 0');
    expect([status, stdout.length]).toEqual([0, 1 << 20]);
  });

  it('is not waited for longer than was allowed, nor are the programs it started', async () => {
    const { status, failure } = await run('sleep 40 & sleep 40', [], testContext(), 100);
    expect([status, failure]).toEqual([undefined, 'it gave no result within 0 s']);
  });

  it('is stopped with the build', async () => {
    const controller = new AbortController();
    const ctx = { ...testContext(), signal: controller.signal };
    const end = run('sleep 40 & sleep 40', [], ctx);
    setTimeout(() => controller.abort(), 50);
    await expectCode(() => end, 'ABORTED');
    await expectCode(() => run('exit 0', [], ctx), 'ABORTED');
  });
});
