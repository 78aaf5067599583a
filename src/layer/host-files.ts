// Host files are read by position, by those who pack a layer and those who send it, and checked to be what they were.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ImageSpecError } from '../core/error.ts';
import type { HostRange } from '../filesystem/entry.ts';

/** Files kept open: the wheels of a layer take turns, and some systems allow a process only 256 open files. */
const OPEN_LIMIT = 16;

export class HostFiles {
  /** Descriptors by path, the least recently used first. */
  readonly #open = new Map<string, number>();

  /**
   * Reads `length` bytes from `position` on. Throws `FILE_CHANGED` when the file is gone or shorter than it was.
   * Synchronous: a file of a cache answers in microseconds, a promise per member would cost more than the read.
   */
  read(file: string, position: number, into: Uint8Array, intoAt: number, length: number): void {
    const descriptor = this.#descriptor(file);
    for (let done = 0; done < length;) {
      const count = unlessChanged(file, () =>
        readSync(descriptor, into, intoAt + done, length - done, position + done),
      );
      if (count === 0) throw fileChanged(file, 'is shorter than it was');
      done += count;
    }
  }

  /** Throws `FILE_CHANGED` when the file was written to since `changedMs`, if that is known. */
  check({ file, changedMs }: HostRange): void {
    if (changedMs === undefined) return;
    if (fstatSync(this.#descriptor(file)).mtimeMs !== changedMs) throw fileChanged(file, 'was written to');
  }

  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #descriptor(file: string): number {
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

function fileChanged(file: string, what: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('FILE_CHANGED', `${file} ${what}, although a layer is made of it`, {
    hint: 'Build again when nothing writes to this file.',
    cause,
    facts: { file },
  });
}
