// The command line. An unchanged spec that exists at its registry is answered here before anything heavy is loaded.
import { answerUnchanged } from '../build/unchanged.ts';
import { readEnvironment } from '../build/environment.ts';

/** Runs the program: results to stdout, all else to stderr; sets the exit code (0 done, 1 failed, 2 wrong usage or spec, 130 interrupted). */
export async function main(argv: readonly string[]): Promise<void> {
  const environment = readEnvironment();
  const answer = await answerUnchanged(argv, environment);
  if (answer) {
    process.stderr.write(answer.message);
    process.stdout.write(answer.output);
    return;
  }
  const { runCommands } = await import('./commands.ts');
  process.exitCode = await runCommands(argv, environment);
}
