// flytekit as its users have it: installed once into a cache folder of the tests, and started by the host's Python.
import { execFileSync } from 'node:child_process';
import { access, mkdir, mkdtemp, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './folder.ts';

export const FLYTEKIT = '1.16.31';
/** Of flyte-sdk v2. */
export const FLYTE_SDK = '2.12.1';

export interface HostPython {
  /** `3.11` */
  readonly version: string;
  /** Absolute path of the interpreter itself, past the shims that a PATH may have. */
  readonly program: string;
}

/** The host's Python with pip, if it has one. */
export function hostPython(): HostPython | undefined {
  try {
    const program = 'import pip, sys; print("%d.%d" % sys.version_info[:2], sys.executable)';
    const said = execFileSync('python3', ['-c', program], { encoding: 'utf8', stdio: 'pipe' }).trim();
    const [, version = '', path = ''] = /^(\S+) (.+)$/.exec(said) ?? [];
    return { version, program: path };
  } catch {
    return undefined;
  }
}

/** Folder with flytekit's modules. */
export const installFlytekit = (python: HostPython): Promise<string> => installModules(python, 'flytekit', FLYTEKIT);

/** Folder with the modules of flyte-sdk v2. */
export const installFlyteSdk = (python: HostPython): Promise<string> => installModules(python, 'flyte', FLYTE_SDK);

async function installModules({ version, program }: HostPython, name: string, release: string): Promise<string> {
  const cache = process.env['IMAGESPEC_TEST_CACHE'] ?? join(homedir(), '.cache', 'imagespec-test');
  const folder = join(cache, `${name}-${release}-python-${version}`);
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  if (exists) return folder;
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(cache, 'making-'));
  const pip = ['-m', 'pip', 'install', '--quiet', '--target', made, `${name}==${release}`];
  execFileSync(program, pip, { stdio: 'pipe' });
  await rename(made, folder);
  return folder;
}

/** Folder of our plug-in. */
export const PLUGIN = join(import.meta.dirname, '..', '..', '..', 'plugins', 'flytekit');

/** Installs the plug-in alone, with the entry point by which flytekit finds it. */
export async function installPlugin({ program }: HostPython, folder: string): Promise<void> {
  await run(program, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, PLUGIN]);
}
