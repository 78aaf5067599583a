// Secrets where they must not be: hidden in what people read, and looked for in what becomes a layer.
import { ImageSpecError, isImageSpecError } from '../core/error.ts';
import type { Entry } from '../filesystem/entry.ts';

export interface SecretValue {
  /** As the spec calls it. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Shorter texts stand in every second word. */
const WHOLE_MIN = 4;
/** Lines of a file are not secrets for themselves: `[global]`. */
const LINE_MIN = 8;
const HIDDEN = '***';

export interface Redactor {
  readonly redact: (text: string) => string;
  /** Characters of the longest text that is hidden: less may be the start of one. */
  readonly reach: number;
}

/** Hides values as a whole and by their lines, the longest first. */
export function createRedactor(values: readonly SecretValue[]): Redactor {
  const texts = values.flatMap(({ bytes }) => {
    const whole = bytes.toString().trim();
    const lines = whole.split(/\r?\n/).map((line) => line.trim());
    const passwords = passwordsIn(whole).filter((one) => one.length >= WHOLE_MIN);
    return [
      ...(whole.length >= WHOLE_MIN ? [whole] : []),
      ...lines.filter((line) => line.length >= LINE_MIN),
      ...passwords,
    ];
  });
  const longestFirst = [...new Set(texts)].sort((a, b) => b.length - a.length);
  return {
    redact: (text) => longestFirst.reduce((result, secret) => result.replaceAll(secret, HIDDEN), text),
    reach: longestFirst[0]?.length ?? 0,
  };
}

/** Of URLs and of netrc(5): other programs show them without the line in which they stand. */
function passwordsIn(text: string): string[] {
  const found = text.matchAll(/:\/\/[^\s/@:]*:([^\s/@]+)@|\bpassword\s+(\S+)/g);
  return [...found].map(([, ofUrl, ofNetrc]) => ofUrl ?? ofNetrc!);
}

/** The error with nothing in it that is hidden; as it is where there was nothing. */
export function redactError(error: unknown, { redact }: Redactor): unknown {
  if (!isImageSpecError(error)) return error;
  const { code, message, hint, facts, issues } = error;
  const words = JSON.stringify([message, hint, facts, issues]);
  if (redact(words) === words) return error;
  const shown = Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'string' ? redact(fact) : fact]);
  return new ImageSpecError(code, redact(message), {
    hint: hint && redact(hint),
    facts: Object.fromEntries(shown) as typeof facts,
    issues: issues.map(redact),
  });
}

/** Shorter values are found by chance in compressed bytes. */
const SCANNED_MIN_BYTES = 8;

/** The values that are looked for in bytes: whole, without white space at their ends, which a shell takes away. */
export function scannedValues(values: readonly SecretValue[]): readonly SecretValue[] {
  return values
    .map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes.toString('latin1').trim(), 'latin1') }))
    .filter(({ bytes }) => bytes.length >= SCANNED_MIN_BYTES);
}

export interface SecretScan {
  /** Given all bytes of the tar of changes, in order. */
  readonly watch: (chunk: Uint8Array) => void;
  /** The first secret that was seen, with its place: counted in bytes from the start. */
  readonly found: () => { readonly name: string; readonly offset: number } | undefined;
}

export function createSecretScan(values: readonly SecretValue[]): SecretScan {
  const wanted = scannedValues(values);
  const overlap = Math.max(0, ...wanted.map(({ bytes }) => bytes.length - 1));
  let rest = Buffer.alloc(0);
  let start = 0;
  let found: ReturnType<SecretScan['found']>;
  return {
    watch: (chunk) => {
      if (found || wanted.length === 0) return;
      const window = Buffer.concat([rest, chunk]);
      for (const { name, bytes } of wanted) {
        const at = window.indexOf(bytes);
        if (at >= 0 && (!found || start + at < found.offset)) found = { name, offset: start + at };
      }
      // A copy: the chunk belongs to whoever reads it.
      rest = Buffer.from(window.subarray(Math.max(0, window.length - overlap)));
      start += window.length - rest.length;
    },
    found: () => found,
  };
}

/** The file whose content has a place of the tar; none for a place in a header. */
export function entryAt(entries: readonly Entry[], offset: number): string | undefined {
  const files = entries.flatMap(({ path, ...entry }) =>
    'content' in entry && entry.content.kind === 'range'
      ? [{ path, end: entry.content.offset + entry.content.length, start: entry.content.offset }]
      : [],
  );
  const inside = files.find(({ start, end }) => offset >= start && offset < end);
  return inside?.path;
}
