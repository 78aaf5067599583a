// What a run asks of the files of an image, remembered: a record of a few paths is read in no time, that of a whole image is not.
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { keyOf } from '../core/json.ts';
import type { BaseEntry, BaseFacts } from '../filesystem/facts.ts';
import { decodeFacts, encodeFacts } from '../filesystem/facts-record.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import type { Stack } from '../sandbox/unpack.ts';
import { stackFacts } from '../sandbox/unpack.ts';
import type { LocalCache } from '../store/cache.ts';
import { VERSION } from './environment.ts';

const KIND = 'run';

export interface FactsRequest {
  readonly host: SandboxHost;
  readonly cache: LocalCache;
  readonly layers: readonly Layer[];
  readonly stack: Stack;
  /** All that decides what will be asked, beside the files. */
  readonly question: unknown;
}

/**
 * Calls work with the facts of the layers: all of them, or what the same question asked before. Work calls `keep` when it has asked
 * everything; what a failure asks is not kept.
 */
export async function withFacts<T>(
  ctx: Context,
  { host, cache, layers, stack, question }: FactsRequest,
  work: (facts: BaseFacts, keep: () => void) => Promise<T>,
): Promise<T> {
  const key = keyOf({ version: VERSION, stack: stack.chainId ?? '', question: JSON.stringify(question) });
  const record = await cache.readRecord(KIND, key);
  const known = record && decodeFacts(record);
  if (known) return work(known, () => undefined);
  const facts = await stackFacts(ctx, host, cache, layers);
  const asked = new AskedEntries(facts.entries);
  let kept: Promise<void> | undefined;
  const keep = (): void => {
    const bytes = encodeFacts({ entries: asked.answers, captured: facts.captured });
    // A cache that cannot be written costs time only.
    kept ??= cache.writeRecord(KIND, key, bytes).catch(() => undefined);
  };
  try {
    return await work({ entries: asked, captured: facts.captured }, keep);
  } finally {
    await kept;
  }
}

/** Remembers which paths were asked for and are there. */
class AskedEntries extends Map<string, BaseEntry> {
  readonly answers = new Map<string, BaseEntry>();

  override get(path: string): BaseEntry | undefined {
    const entry = super.get(path);
    if (entry) this.answers.set(path, entry);
    return entry;
  }

  override has(path: string): boolean {
    return this.get(path) !== undefined;
  }
}
