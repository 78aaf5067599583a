// The border between bytes of files and text of programs: a shell's strings are bytes, ours are UTF-16, and nothing may be lost between the two.
import { NotInterpretable } from './program.ts';

/** Throws `NotInterpretable`, naming `what`, for bytes that are not UTF-8. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new NotInterpretable(`${what}: bytes that are not UTF-8`, { cause });
  }
}

// oxlint-disable-next-line no-control-regex -- what is asked is whether one character is one byte
const ONE_BYTE_EACH = /^[\0-\x7f]*$/;

/** One character for each byte, as the C locale counts them. */
export function toByteString(text: string): string {
  return ONE_BYTE_EACH.test(text) ? text : Buffer.from(text).toString('latin1');
}

/** The inverse. Throws `NotInterpretable` where a cut went through a character. */
export function fromByteString(bytes: string): string {
  return ONE_BYTE_EACH.test(bytes) ? bytes : decodeText(Buffer.from(bytes, 'latin1'), 'text');
}

/** Lines without their ends; the last one may lack it. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
