// A DEFLATE stream goes on behind another one in the same stream, which is sound because none refers to bytes before its own start.
import type { BitWriter } from './bit-writer.ts';
import type { LastBlock } from './block-scanner.ts';
import type { ByteWindow } from './byte-window.ts';

/**
 * Writes the stream in the window with the final bit of its last block cleared.
 * @param copy writes the stream's bytes from one position to another as they are
 */
export function splice(
  bits: BitWriter,
  window: ByteWindow,
  { start, end }: LastBlock,
  copy: (from: number, to: number) => void,
): void {
  const byte = (at: number): number => window.bytes[window.seek(at, 1)]!;
  const startByte = Math.floor(start / 8);
  const endByte = Math.floor(end / 8);
  const endBits = end % 8;
  const finalBit = 1 << (start % 8);
  bits.align();
  copy(0, startByte);
  if (startByte < endByte) {
    bits.put(byte(startByte) & ~finalBit, 8);
    copy(startByte + 1, endByte);
  }
  if (endBits === 0) return;
  const rest = byte(endByte) & ((1 << endBits) - 1);
  bits.put(startByte === endByte ? rest & ~finalBit : rest, endBits);
}
