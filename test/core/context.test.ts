import { describe, expect, it } from 'vitest';
import { abortedError, createContext, step, throwIfAborted, together } from '../../src/core/context.ts';
import type { BuildEvent } from '../../src/core/event.ts';
import { ImageSpecError } from '../../src/core/error.ts';
import { expectCode } from '../expect-code.ts';

function recorded() {
  const events: BuildEvent[] = [];
  return { events, ctx: createContext({ on: (event) => events.push(event) }) };
}

describe('step', () => {
  it('tells start, progress and end under one id', async () => {
    const { events, ctx } = recorded();
    const about = { step: 'upload', subject: 'a', total: 3 << 20, unit: 'bytes' as const };
    const result = await step(ctx, about, async ({ progress, note }) => {
      for (const done of [1, 2 << 20, (2 << 20) + 1, 3 << 20]) progress(done);
      note('exists', 'skipped');
      return 'result';
    });
    expect(result).toBe('result');
    expect(events).toEqual([
      { type: 'start', id: 1, ...about },
      { type: 'progress', id: 1, done: 2 << 20 },
      { type: 'progress', id: 1, done: 3 << 20 },
      { type: 'end', id: 1, outcome: 'skipped', note: 'exists' },
    ]);
  });

  it('tells a failure and passes it on', async () => {
    const { events, ctx } = recorded();
    const broken = new Error('broken');
    await expect(step(ctx, { step: 'pack', subject: 'a' }, () => Promise.reject(broken))).rejects.toBe(broken);
    expect(events.at(-1)).toMatchObject({ type: 'end', outcome: 'failed' });
  });

  it('is not disturbed by a listener that throws', async () => {
    let calls = 0;
    const ctx = createContext({
      on: () => {
        calls++;
        throw new Error('listener');
      },
    });
    expect(await step(ctx, { step: 'pack', subject: 'a' }, () => Promise.resolve(1))).toBe(1);
    expect(calls).toBe(1);
  });
});

describe('together', () => {
  it('gives all results in order', async () => {
    expect(await together(createContext(), [() => Promise.resolve(1), () => Promise.resolve(2)])).toEqual([1, 2]);
  });

  it('stops the others at the first failure, waits for them, and throws that failure', async () => {
    const first = new ImageSpecError('NETWORK', 'cut');
    let stopped = false;
    const sibling = (ctx: { signal: AbortSignal }) =>
      new Promise<void>((_resolve, reject) => {
        ctx.signal.addEventListener('abort', () => {
          stopped = true;
          reject(abortedError(ctx.signal.reason));
        });
      });
    const error = await expectCode(() => together(createContext(), [sibling, () => Promise.reject(first)]), 'NETWORK');
    expect(error).toBe(first);
    expect(stopped).toBe(true);
  });

  it('does not stop what is outside', async () => {
    const ctx = createContext();
    await expect(together(ctx, [() => Promise.reject(new Error('broken'))])).rejects.toThrow('broken');
    expect(ctx.signal.aborted).toBe(false);
  });
});

describe('throwIfAborted', () => {
  it('throws ABORTED with the reason, and only then', async () => {
    const controller = new AbortController();
    const ctx = createContext({ signal: controller.signal });
    throwIfAborted(ctx);
    const reason = new Error('enough');
    controller.abort(reason);
    const error = await expectCode(() => throwIfAborted(ctx), 'ABORTED');
    expect(error.cause).toBe(reason);
    expect(abortedError(error)).toBe(error);
  });
});
