// Text as a shell splits it into words: flytekit puts `pip_extra_args` into a command line as it is.

/**
 * Words by the quoting rules of POSIX (sh, "Quoting"). Undefined for what is left open, and for what a shell would fill in or act upon: there
 * is no shell here.
 */
export function shellWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  const part = /\s+|'([^']*)'|"((?:[^"\\$`]|\\[^])*)"|\\([^])|([^\s'"\\$`;&|<>()*?#]+|(?<=\S)#)/y;
  while (part.lastIndex < text.length) {
    const found = part.exec(text);
    if (!found) return undefined;
    const [whole, single, double, escaped, plain] = found;
    if (/^\s/.test(whole)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    // Within double quotes a backslash is itself, but before what it would have to keep from being read.
    const inner = single ?? double?.replace(/\\([$`"\\])/g, '$1').replaceAll('\\\n', '') ?? escaped ?? plain ?? '';
    word = `${word ?? ''}${escaped === '\n' ? '' : inner}`;
  }
  return word === undefined ? words : [...words, word];
}
