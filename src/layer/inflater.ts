// What inflating has to give: the content, into the tar that is being hashed, and a hint where the last block starts.
import type { ByteWindow } from './byte-window.ts';
import type { Gather } from './gather.ts';
import type { Pace } from './pace.ts';

export interface Inflated {
  readonly crc32: number;
  /** As `BlockScanner.locate` takes them, and a promise that no bytes follow the stream; not given when nothing was learnt. */
  readonly starts?: readonly number[];
}

export interface Inflater {
  /**
   * Inflates the raw DEFLATE stream in the window's source, which must give exactly `size` bytes. Throws `window.damaged` when it does not.
   * Without `starts`, bytes behind the stream may have gone unnoticed.
   */
  readonly inflate: (window: ByteWindow, size: number, tar: Gather, pace: Pace) => Promise<Inflated>;
  readonly close: () => void;
}

export const WRONG_CRC = 'its CRC-32 is not the announced one';
export const TOO_LONG = 'it inflates to more bytes than were announced';
export const TOO_SHORT = 'it inflates to fewer bytes than were announced';
export const TRUNCATED = 'its DEFLATE data stops before its end';
export const TRAILING = 'there are bytes behind the end of its DEFLATE data';
