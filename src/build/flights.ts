// Layers on their way while others are still being made; the first failure stops everything.
import type { Content } from '../content/content.ts';
import type { Sender } from '../content/copy.ts';
import type { Context } from '../core/context.ts';
import { abortedError } from '../core/context.ts';

export interface Flights {
  /** Fires also when a sending has failed. */
  readonly ctx: Context;
  readonly send: (content: Content) => void;
  /** Waits for all; throws the first failure, of a sending or of `work`. */
  readonly land: <T>(work: Promise<T>) => Promise<T>;
}

export function createFlights(ctx: Context, sendersOf: (inner: Context) => readonly Sender[]): Flights {
  const controller = new AbortController();
  const inner: Context = { ...ctx, signal: AbortSignal.any([ctx.signal, controller.signal]) };
  const senders = sendersOf(inner);
  const flying: Promise<void>[] = [];
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    failures.push(error);
    controller.abort(abortedError(error));
  };
  const send = (content: Content): void => {
    for (const sender of senders) flying.push(sender.send(content).then(() => undefined, fail));
  };
  const land = async <T>(work: Promise<T>): Promise<T> => {
    const done = work.catch(fail);
    const result = await done;
    await Promise.all(flying);
    if (failures.length > 0) throw failures[0];
    return result as T;
  };
  return { ctx: inner, send, land };
}
