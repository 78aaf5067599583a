// What a build itself leaves beside a spec. The next build must neither copy it nor give another tag because of it.
// Nothing here may import zod: tags need it.
import { basename, dirname, extname, join } from 'node:path';

/** Where images go by default: a folder of this name, in the working directory. */
export const OUTPUT_FOLDER = '.imagespec';

/** `imagespec.yaml` → `imagespec.lock`; a table in `pyproject.toml` has `imagespec.lock` too. */
export function lockFileOf(specFile: string): string {
  const stem = basename(specFile, extname(specFile));
  return join(dirname(specFile), `${stem === 'pyproject' ? 'imagespec' : stem}.lock`);
}
