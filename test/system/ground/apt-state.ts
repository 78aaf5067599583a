// What apt knows of another architecture's packages, apart from what it knows of this machine's.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GROUND, run } from './folder.ts';

/** Asks the sources of this machine; where they have nothing new, a request each. @returns options for apt */
export async function aptState(architecture: string): Promise<string[]> {
  const folder = join(GROUND, `apt-${architecture}`);
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  const settings = {
    'Dir::State': folder,
    'Dir::Cache': join(folder, 'cache'),
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    // Without it, apt would drop to a user who may not enter the folder.
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...options, '-qq', 'update']);
  return options;
}
