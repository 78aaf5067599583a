// What a run asks of the files of an image, remembered: a record of a few paths is read in no time, that of a whole image is not.
import { keyOf } from '../core/json.ts';
import type { BaseEntry, BaseFacts } from '../filesystem/facts.ts';
import { decodeFacts, encodeFacts } from '../filesystem/facts-record.ts';
import type { Stack } from '../sandbox/unpack.ts';
import type { LocalCache } from '../store/cache.ts';
import { VERSION } from '../build/environment.ts';

const KIND = 'run';

export interface FactsRequest {
  readonly cache: LocalCache;
  readonly stack: Stack;
  /** Facts of the layers. */
  readonly read: () => Promise<BaseFacts>;
  /** All that decides what will be asked, beside the files. */
  readonly question: unknown;
}

/**
 * Calls work with the facts of the layers: all of them, or what the same question asked before. Work calls `keep` when it has asked
 * everything; what a failure asks is not kept.
 */
export async function withFacts<T>(
  { cache, stack, read, question }: FactsRequest,
  work: (facts: BaseFacts, keep: () => void) => Promise<T>,
): Promise<T> {
  const key = keyOf({ version: VERSION, stack: stack.chainId ?? '', question: JSON.stringify(question) });
  const record = await cache.readRecord(KIND, key);
  const known = record && decodeFacts(record);
  if (known) return work(known, () => undefined);
  const facts = await read();
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
