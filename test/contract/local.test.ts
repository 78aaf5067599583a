import { join } from 'node:path';
import { ociArchiveSource, ociArchiveTarget } from '../../src/store/archive.ts';
import { dockerArchiveSource, dockerArchiveTarget } from '../../src/store/docker-archive.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { createNames, temporaryFolder } from '../store/temporary-folder.ts';
import { bothWays, storeContract } from './store.ts';

const random = createNames();

storeContract('layout', async () => bothWays(layoutStore(join(await temporaryFolder(), 'out'), { random })), {
  names: ['one', 'other'],
  many: true,
  open: true,
});

storeContract(
  'oci-archive',
  async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'image.tar');
    const target = ociArchiveTarget(file, { random, scratch: join(folder, 'scratch') });
    return { target, source: () => ociArchiveSource(file) };
  },
  { names: ['one', 'other'], many: true, open: false },
);

storeContract(
  'docker-archive',
  async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'image.tar');
    const target = dockerArchiveTarget(file, { random, scratch: join(folder, 'scratch') });
    return { target, source: () => dockerArchiveSource(file) };
  },
  { names: ['acme/app:one', '127.0.0.1:5000/app:other'], many: false, open: false },
);
