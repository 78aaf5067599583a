// What uv is asked, as files that it reads: where a list of the user names paths of this host, a copy of it with absolute ones.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListLine } from './requirement-files.ts';
import type { Question } from './requirements.ts';

export interface WrittenQuestion {
  /** For `uv pip compile`. */
  readonly args: readonly string[];
  /** Host paths of the copies, by what they are copies of. */
  readonly copies: ReadonlyMap<string, string>;
}

/** @param folder host path, private */
export async function writeQuestion(question: Question, folder: string): Promise<WrittenQuestion> {
  const { packages, file, lists, selection } = question;
  const own = join(folder, 'packages.txt');
  await writeFile(own, packages.map((one) => `${one}\n`).join(''));
  const copies = new Map([...(lists?.keys() ?? [])].map((path, index) => [path, join(folder, `list-${index}.txt`)]));
  for (const [path, lines] of lists ?? []) await writeFile(copies.get(path)!, textOf(lines, copies));
  const [first] = copies.values();
  const main = first ?? file;
  return { args: [...(main === undefined ? [] : [main]), own, ...selection], copies };
}

function textOf(lines: readonly ListLine[], copies: ReadonlyMap<string, string>): string {
  const texts = lines.map((line) =>
    'text' in line ? line.text : `${line.limits ? '-c' : '-r'} ${copies.get(line.include) ?? line.include}`,
  );
  return texts.map((text) => `${text}\n`).join('');
}
