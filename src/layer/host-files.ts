// Host files are read by position and checked to be what they were when their entries were made.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ImageSpecError } from '../core/error.ts';
import type { HostRange } from '../filesystem/entry.ts';

/** Files kept open: the wheels of a layer take turns, and some systems allow a process only 256 open files. */
const OPEN_LIMIT = 16;

export class HostFiles {
  /** Descriptors by path, the least recently used first. */
  readonly #open = new Map<string, number>();

  /**
   * Reads `length` bytes, `at` bytes behind the start of the range. Throws `FILE_CHANGED` when the file is gone, shorter, or was changed.
   * Synchronous: a file of a cache answers in microseconds, a promise per member would cost more than the read.
   */
  read(range: HostRange, into: Uint8Array, intoAt: number, at: number, length: number): void {
    const descriptor = this.#descriptor(range);
    for (let done = 0; done < length;) {
      const position = range.offset + at + done;
      const count = unlessChanged(range.file, () => readSync(descriptor, into, intoAt + done, length - done, position));
      if (count === 0) throw fileChanged(range.file, 'is shorter than it was');
      done += count;
    }
  }

  /** Throws `FILE_CHANGED` when the file was written to since `changedMs`, if that is known. */
  check(range: HostRange): void {
    if (range.changedMs === undefined) return;
    if (fstatSync(this.#descriptor(range)).mtimeMs !== range.changedMs) throw fileChanged(range.file, 'was written to');
  }

  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #descriptor({ file }: HostRange): number {
    const descriptor = this.#open.get(file) ?? unlessChanged(file, () => openSync(file, 'r'));
    this.#open.delete(file);
    this.#open.set(file, descriptor);
    const [oldest] = this.#open;
    if (oldest && this.#open.size > OPEN_LIMIT) {
      this.#open.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    return descriptor;
  }
}

function unlessChanged<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw fileChanged(file, 'cannot be read any more', cause);
  }
}

export function fileChanged(file: string, what: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('FILE_CHANGED', `${file} ${what}, although a layer is made of it`, {
    hint: 'Build again when nothing writes to this file.',
    cause,
    facts: { file },
  });
}
