// The command line. An unchanged spec that exists at its registry is answered here before anything heavy is loaded.
import { readEnvironment } from '../build/environment.ts';
import { ERROR_CODES, isImageSpecError, systemCode } from '../core/error.ts';

/** Runs the program: results to stdout, all else to stderr; sets the exit code (0 done, 1 failed, 2 wrong usage or spec, 130 interrupted). */
export async function main(argv: readonly string[]): Promise<void> {
  const lost = guardOutputs();
  const status = await run(argv).catch(async (error: unknown) => {
    const { printError } = await import('./print.ts');
    process.stderr.write(printError(error, false));
    return isImageSpecError(error) ? ERROR_CODES[error.code].exit : 1;
  });
  process.exitCode = status === 0 && lost() ? 1 : status;
}

async function run(argv: readonly string[]): Promise<number> {
  const environment = readEnvironment();
  // Only a build can have nothing to do: other commands start sooner without asking.
  if (argv[0] === 'build') {
    const { answerUnchanged } = await import('../build/unchanged.ts');
    const answer = await answerUnchanged(argv, environment);
    if (answer) {
      process.stderr.write(answer.message);
      process.stdout.write(answer.output);
      return 0;
    }
  }
  const { runCommands } = await import('./commands.ts');
  return runCommands(argv, environment);
}

/**
 * A reader that leaves early (`| head`) ends no build, and words for people are not worth one. A result that is lost otherwise, as on a full
 * disk, is a failure: the returned function tells.
 */
function guardOutputs(): () => boolean {
  let isLost = false;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    if (systemCode(error) === 'EPIPE') return;
    isLost = true;
    process.exitCode = 1;
    process.stderr.write(
      `error: The result cannot be written to standard output: ${error.message} [OUTPUT_UNWRITABLE]\n`,
    );
    process.stderr.write('hint: Look at where the output is redirected to, and run the command again.\n');
  });
  return () => isLost;
}
