// The context is the first argument of every internal async function: how to stop, and whom to tell.
import { ImageSpecError, isImageSpecError } from './error.ts';
import type { BuildEvent } from './event.ts';

export interface Context {
  readonly signal: AbortSignal;
  readonly emit: (event: BuildEvent) => void;
  /** Next event id; unique within one build. */
  readonly nextId: () => number;
}

export interface ContextOptions {
  readonly signal?: AbortSignal | undefined;
  readonly on?: ((event: BuildEvent) => void) | undefined;
}

/** A context for one build. A listener that throws cannot break the build: it is not called again. */
export function createContext({ signal, on }: ContextOptions = {}): Context {
  let listener = on;
  let id = 0;
  return {
    signal: signal ?? new AbortController().signal,
    nextId: () => ++id,
    emit: (event) => {
      try {
        listener?.(event);
      } catch {
        listener = undefined;
      }
    },
  };
}

/** The same, for one of several images. */
export function forImage(ctx: Context, image: string): Context {
  return { ...ctx, emit: (event) => ctx.emit({ ...event, image }) };
}

/** Throws `ABORTED`, with the reason as cause, if the signal has fired. */
export function throwIfAborted(ctx: Context): void {
  if (ctx.signal.aborted) throw abortedError(ctx.signal.reason);
}

export function abortedError(reason: unknown): ImageSpecError {
  if (isImageSpecError(reason) && reason.code === 'ABORTED') return reason;
  return new ImageSpecError('ABORTED', 'The build was interrupted', { cause: reason });
}

export interface StepReport {
  /** Absolute amount done so far. */
  progress: (done: number) => void;
  /** Sets the note of the end event, and whether the step was skipped. */
  note: (text: string, outcome?: 'done' | 'skipped') => void;
  readonly id: number;
}

/** Progress events of one step are sent at most once per this many units (bytes): enough for a smooth bar, too few to cost. */
const PROGRESS_GRAIN = 1 << 20;

/** Runs `work` between a start and an end event. */
export async function step<T>(
  ctx: Context,
  about: {
    step: string;
    subject: string;
    total?: number | undefined;
    unit?: 'bytes' | 'items';
    parent?: number | undefined;
  },
  work: (report: StepReport) => Promise<T>,
): Promise<T> {
  const id = ctx.nextId();
  let note: string | undefined;
  let outcome: 'done' | 'skipped' = 'done';
  let sent = 0;
  const grain = about.unit === 'items' ? 1 : PROGRESS_GRAIN;
  ctx.emit({ type: 'start', id, ...about });
  try {
    const result = await work({
      id,
      progress: (done) => {
        if (done - sent < grain && done !== about.total) return;
        sent = done;
        ctx.emit({ type: 'progress', id, done });
      },
      note: (text, as) => {
        note = text;
        outcome = as ?? outcome;
      },
    });
    ctx.emit({ type: 'end', id, outcome, note });
    return result;
  } catch (error) {
    ctx.emit({ type: 'end', id, outcome: 'failed' });
    throw error;
  }
}

/**
 * Runs `work` under a context whose signal also fires when one of the branches fails, so that siblings stop at the
 * first failure; waits for all of them before it throws that first failure.
 */
export async function together<T>(ctx: Context, works: readonly ((ctx: Context) => Promise<T>)[]): Promise<T[]> {
  const controller = new AbortController();
  const inner: Context = { ...ctx, signal: AbortSignal.any([ctx.signal, controller.signal]) };
  const failures: unknown[] = [];
  const results = await Promise.all(
    works.map((work) =>
      work(inner).catch((error: unknown) => {
        failures.push(error);
        controller.abort(abortedError(error));
        return undefined;
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
  return results as T[];
}
