// What a project tells uv of package indexes, in its pyproject.toml or in the uv.toml beside it.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { indexUrlsOfUvConfig } from './index-config.ts';
import type { UvSettings } from './project-file.ts';
import type { Reading } from './requirement-files.ts';
import { readTextFile } from './text-file.ts';

/** @param folder absolute, of the project */
export async function readSettings(reading: Reading, { tool }: UvSettings, folder: string): Promise<void> {
  reading.indexes.push(...(tool?.uv?.index ?? []));
  const file = join(folder, 'uv.toml');
  if (!(await stat(file).catch(() => undefined))?.isFile()) return;
  reading.files.push(file);
  for (const url of indexUrlsOfUvConfig(await readTextFile(file, file), file))
    reading.lines.push({ line: { kind: 'index', url }, where: file, limits: false });
}
