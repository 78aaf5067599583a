// The first line of a script: which shell reads it, and with which options (execve(2), Interpreter scripts).
const FIRST_LINE = /^#![ \t]*(?:\/usr)?\/bin\/(sh|dash|bash)(?:[ \t]+(-[a-z]+))?[ \t]*(?:\n|$)/;

export interface Interpreter {
  readonly isBash: boolean;
  /** `-eu`; one word, as the kernel passes it on. */
  readonly letters: string | undefined;
}

/** Undefined where another program reads it, or a shell with options that are not known. */
export function interpreterOf(text: string): Interpreter | undefined {
  const match = FIRST_LINE.exec(text);
  return match ? { isBash: match[1] === 'bash', letters: match[2] } : undefined;
}
