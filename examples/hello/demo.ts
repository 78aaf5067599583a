// `npm run demo`: makes the base from Debian packages, builds the image of this folder, and shows what is in it.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { bookwormIndex } from '../../test/system/ground/bases.ts';
import { installPackages } from '../../test/system/ground/tools.ts';

const HERE = import.meta.dirname;
const BASE = join(HERE, '.imagespec', 'base');

function imagespec(...args: string[]): void {
  console.log(`\n$ imagespec ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, [join(HERE, '../../bin/imagespec.js'), ...args], {
    cwd: HERE,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(join(BASE, 'index.json'))) {
  console.log('Making the base image from Debian packages (once, a minute) …');
  await installPackages(['mmdebstrap', 'pigz', 'uidmap']);
  await copy(createContext(), await bookwormIndex(), layoutStore(BASE, { random: randomUUID }), ['latest']);
}
const platforms = ['--platform', 'linux/amd64,linux/arm64'];
imagespec('build', '--plan', ...platforms);
imagespec('build', ...platforms);
imagespec('inspect', 'oci:.imagespec/hello');
imagespec('validate', 'oci:.imagespec/hello');
console.log('\nThe image is an OCI layout in examples/hello/.imagespec/hello. To start it, for example:');
console.log('  podman run --rm -p 8000:8000 oci:examples/hello/.imagespec/hello');
