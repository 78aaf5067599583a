// flytekit itself, installed once into a cache folder of the tests: what it says is what we have to say.
import { execFileSync } from 'node:child_process';
import { access, mkdir, mkdtemp, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const FLYTEKIT = '1.16.31';

/** `3.11` of the host's Python with pip, if it has one. */
export function hostPython(): string | undefined {
  try {
    const program = 'import pip, sys; print("%d.%d" % sys.version_info[:2])';
    return execFileSync('python3', ['-c', program], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

/** Folder with flytekit's modules. */
export async function installFlytekit(python: string): Promise<string> {
  const cache = process.env['IMAGESPEC_TEST_CACHE'] ?? join(homedir(), '.cache', 'imagespec-test');
  const folder = join(cache, `flytekit-${FLYTEKIT}-python-${python}`);
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  if (exists) return folder;
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(cache, 'making-'));
  const pip = ['-m', 'pip', 'install', '--quiet', '--target', made, `flytekit==${FLYTEKIT}`];
  execFileSync('python3', pip, { stdio: 'pipe' });
  await rename(made, folder);
  return folder;
}
