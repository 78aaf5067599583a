// What every command shares: where words go, how progress looks, what an interrupt does, how an error ends.
import type { Environment } from '../build/environment.ts';
import { abortedError } from '../core/context.ts';
import type { BuildEvent } from '../core/event.ts';
import { ERROR_CODES, ImageSpecError, isImageSpecError } from '../core/error.ts';
import { printError } from './print.ts';
import type { ProgressStyle } from './progress.ts';
import { createProgress } from './progress.ts';

export interface CommonOptions {
  readonly json?: boolean | undefined;
  readonly progress?: string | undefined;
  readonly verbose?: boolean | undefined;
  readonly cacheDir?: string | undefined;
}

export interface Session {
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly on: (event: BuildEvent) => void;
  /** The result: text for people, or one JSON value. Ends the progress picture. */
  readonly result: (text: string) => void;
  /** Words about the result; stderr. */
  readonly say: (text: string) => void;
  /** Hands terminal and signals to a program of the user's: ends the progress picture, and passes signals (`TERM`) on. */
  readonly handOver: (send: (signal: string) => void, options: { readonly hasTerminal: boolean }) => void;
  /** Sets the exit status of a command that fails by nothing of ours. */
  readonly exitWith: (status: number) => void;
}

const STYLES: readonly ProgressStyle[] = ['bars', 'plain', 'json', 'none'];

function styleOf(options: CommonOptions, environment: Environment): ProgressStyle {
  const { progress } = options;
  if (progress !== undefined && progress !== 'auto') {
    const style = STYLES.find((one) => one === progress);
    if (style) return style;
    throw new ImageSpecError('USAGE', `--progress "${progress}" is not known`, {
      hint: `Choose auto, ${STYLES.join(', ')}.`,
    });
  }
  const dumb = environment.variables['CI'] || environment.variables['TERM'] === 'dumb';
  return process.stderr.isTTY && !dumb ? 'bars' : 'plain';
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The first signal stops the work and lets it clean up; whoever does not want to wait for that is let go at the third. */
function createInterrupt(
  controller: AbortController,
  say: (text: string) => void,
  reason: (signal: string) => ImageSpecError = (signal) => abortedError(new Error(signal)),
): (signal: NodeJS.Signals) => void {
  let count = 0;
  return (signal) => {
    count++;
    if (count === 1) controller.abort(reason(signal));
    else if (count === 2) say('Still cleaning up; interrupt once more to leave at once.\n');
    else process.exit(ERROR_CODES.ABORTED.exit);
  };
}

const programEnded = (): ImageSpecError =>
  new ImageSpecError('ABORTED', 'The program was killed, since it went on after a first signal');

interface Interrupts {
  readonly handOver: Session['handOver'];
  readonly stop: () => void;
}

/** Signals are ours until they are handed over; then they are the program's, and the second one that it survives ends it. */
function listenToSignals(controller: AbortController, say: (text: string) => void): Interrupts {
  let act = createInterrupt(controller, say);
  const listener = (signal: NodeJS.Signals): void => act(signal);
  let signals = SIGNALS;
  for (const signal of signals) process.on(signal, listener);
  return {
    handOver: (send, { hasTerminal }) => {
      const interrupt = createInterrupt(controller, say, programEnded);
      let count = 0;
      act = (signal) => {
        // The keys of a terminal reach the program without us.
        if (hasTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT')) return;
        count++;
        if (count === 1) send(signal.slice('SIG'.length));
        else interrupt(signal);
      };
      process.on('SIGQUIT', listener);
      signals = [...SIGNALS, 'SIGQUIT'];
    },
    stop: () => signals.forEach((signal) => process.off(signal, listener)),
  };
}

/** Runs a command's work; returns the exit status. */
export async function runSession(
  options: CommonOptions,
  environment: Environment,
  work: (session: Session) => Promise<void>,
): Promise<number> {
  const controller = new AbortController();
  const say = (text: string): void => void process.stderr.write(text);
  const interrupts = listenToSignals(controller, say);
  let status = 0;
  let stop = (): void => undefined;
  try {
    const view = await createProgress(styleOf(options, environment), { write: say, stream: process.stderr });
    stop = view.stop;
    const result = (text: string): void => {
      stop();
      process.stdout.write(text);
    };
    const handOver: Session['handOver'] = (send, program) => {
      stop();
      interrupts.handOver(send, program);
    };
    const exitWith = (code: number): void => void (status = code);
    await work({ environment, signal: controller.signal, on: view.on, result, say, handOver, exitWith });
    return status;
  } catch (error) {
    stop();
    const shown = controller.signal.aborted ? abortedError(controller.signal.reason) : error;
    say(printError(shown, options.verbose ?? false));
    if (options.json) process.stdout.write(`${JSON.stringify({ error: errorJson(shown) })}\n`);
    return isImageSpecError(shown) ? ERROR_CODES[shown.code].exit : 1;
  } finally {
    stop();
    interrupts.stop();
  }
}

function errorJson(error: unknown) {
  if (!isImageSpecError(error)) return { code: 'BUG', message: String(error) };
  const { code, message, hint, issues, facts } = error;
  return { code, message, hint, issues, facts, retryable: ERROR_CODES[code].retryable };
}
