// The command that runs a program of an image: what it prints is the program's, and so is its exit status.
import type { RunOptions } from '../run/run-image.ts';
import { runImage } from '../run/run-image.ts';
import type { SandboxMaker } from '../build/sandbox.ts';
import { ImageSpecError } from '../core/error.ts';
import type { CommonOptions, Session } from './session.ts';

export interface RunFlags extends CommonOptions {
  readonly user?: string;
  readonly env?: readonly string[];
  readonly volume?: readonly string[];
  readonly workdir?: string;
  readonly entrypoint?: string;
  readonly readOnly?: boolean;
  readonly network: 'host' | 'none';
  readonly platform?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly sandbox?: SandboxMaker;
}

export async function runRun(
  image: string,
  command: readonly string[],
  flags: RunFlags,
  session: Session,
): Promise<void> {
  const { environment, signal, on, handOver, exitWith } = session;
  const hasTerminal = flags.tty ?? false;
  if (hasTerminal && !process.stdin.isTTY)
    throw new ImageSpecError('USAGE', 'With -t the terminal is passed on, but standard input is none', {
      hint: 'Leave -t out; -i alone passes input from a pipe or file.',
    });
  const options: RunOptions = {
    // Commander leaves it there: words after the image are the program's own.
    command: command[0] === '--' ? command.slice(1) : command,
    entrypoint: flags.entrypoint,
    user: flags.user,
    env: flags.env ?? [],
    volumes: flags.volume ?? [],
    workingDirectory: flags.workdir,
    platform: flags.platform,
    isReadOnly: flags.readOnly ?? false,
    network: flags.network,
    hasInput: flags.interactive ?? false,
    hasTerminal,
    sandbox: flags.sandbox,
    cacheFolder: flags.cacheDir,
    onStart: (send) => handOver(send, { hasTerminal }),
  };
  exitWith(await runImage(image, options, environment, { signal, on }));
}
