// Manifests of Kubernetes, Flyte, Argo and the like, where an image stands as `imagespec://NAME`: found by reading the YAML, and replaced in
// the text itself, so that comments and layout stay.
import type { Scalar } from 'yaml';
import { LineCounter, parseAllDocuments, visit } from 'yaml';
import { ImageSpecError } from '../core/error.ts';

/** In front of the name or path of a spec. */
const SCHEME = 'imagespec://';

export interface SpecReference {
  /** Behind the scheme. */
  readonly wanted: string;
  /** `FILE:LINE:COLUMN` */
  readonly at: string;
  /** Offsets of the value in the text, with its quotes. */
  readonly start: number;
  readonly end: number;
  readonly quote: '' | '"' | "'";
}

/**
 * All values of a text of one or more YAML documents that are `imagespec://…` and nothing else, in their order.
 * Throws `SPEC_UNREADABLE` for a text that is no YAML, and where the scheme stands within a longer value, which nobody would replace.
 */
export function findReferences(text: string, file: string): SpecReference[] {
  if (!text.includes(SCHEME)) return [];
  const lines = new LineCounter();
  const found: SpecReference[] = [];
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const [problem] = document.errors;
    if (problem) throw unreadable(`${at(problem.pos[0])} is not valid YAML: ${problem.message}`, NOT_YAML);
    visit(document, { Scalar: (_key, node) => void found.push(...referenceOf(node, at)) });
  }
  return found;
}

const NOT_YAML = 'Correct the file at this place; a template must be filled in before.';

function referenceOf({ value, range, type }: Scalar, at: (offset: number) => string): SpecReference[] {
  if (typeof value !== 'string' || !value.includes(SCHEME) || !range) return [];
  const [start, end] = range;
  const wanted = value.trim().slice(SCHEME.length);
  if (!value.trim().startsWith(SCHEME) || wanted === '' || /\s|imagespec:\/\//.test(wanted)) {
    throw unreadable(`${at(start)}: ${SCHEME} stands within other text, or before none`, WHOLE);
  }
  if (type === 'BLOCK_FOLDED' || type === 'BLOCK_LITERAL') {
    throw unreadable(`${at(start)}: ${SCHEME}${wanted} stands in a block of text`, WHOLE);
  }
  const quote = type === 'QUOTE_DOUBLE' ? '"' : type === 'QUOTE_SINGLE' ? "'" : '';
  return [{ wanted, at: at(start), start, end, quote }];
}

const WHOLE = `Write \`image: ${SCHEME}NAME\`, as the whole value: what is within other text is not replaced.`;

function unreadable(message: string, hint: string): ImageSpecError {
  return new ImageSpecError('SPEC_UNREADABLE', message, { hint });
}

/** The text with other values in place of the references. */
export function replaceReferences(
  text: string,
  references: readonly SpecReference[],
  valueOf: (wanted: string) => string,
): string {
  let result = '';
  let from = 0;
  for (const { wanted, start, end, quote } of references) {
    result += text.slice(from, start) + quote + valueOf(wanted) + quote;
    from = end;
  }
  return result + text.slice(from);
}
