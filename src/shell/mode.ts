// Modes of files as chmod(1) takes them: octal, or symbolic clauses.
import { NotInterpretable } from './program.ts';

interface ModeOptions {
  readonly isDirectory: boolean;
  readonly umask: number;
}

const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };
const SET_IDS = 0o6000;

/** The new mode. A directory keeps its set-ID bits unless they are named, as GNU chmod does. Throws `NotInterpretable`. */
export function changeMode(text: string, mode: number, { isDirectory, umask }: ModeOptions): number {
  if (/^[0-7]+$/.test(text)) {
    const given = Number.parseInt(text, 8);
    const keeps = isDirectory && text.length < 5;
    return keeps ? given | (mode & SET_IDS) : given;
  }
  return text.split(',').reduce((before, clause) => applyClause(clause, before, { isDirectory, umask }), mode);
}

function applyClause(clause: string, mode: number, { isDirectory, umask }: ModeOptions): number {
  const [, who, actions] = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause) ?? [];
  if (who === undefined || actions === undefined) throw new NotInterpretable(`the mode ${clause}`);
  // Without a letter everybody is meant, except where the umask forbids.
  const reach = who === '' ? 0o7777 & ~umask : Array.from(who).reduce((bits, letter) => bits | WHO[letter]!, 0);
  const scope = who === '' ? 0o7777 : reach;
  let result = mode;
  for (const [, operator, letters = ''] of actions.matchAll(/([-+=])([^-+=]*)/g)) {
    const bits = bitsOf(letters, result, isDirectory) & reach;
    if (operator === '+') result |= bits;
    else if (operator === '-') result &= ~bits;
    else result = (result & ~(scope & ~(isDirectory ? SET_IDS & ~bits : 0))) | bits;
  }
  return result;
}

function bitsOf(letters: string, mode: number, isDirectory: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === 'X') bits |= isDirectory || (mode & 0o111) !== 0 ? 0o111 : 0;
    else if (letter === 'u') bits |= copied((mode >> 6) & 7);
    else if (letter === 'g') bits |= copied((mode >> 3) & 7);
    else if (letter === 'o') bits |= copied(mode & 7);
    else bits |= BITS[letter]!;
  }
  return bits;
}

const copied = (bits: number): number => bits * 0o111;
