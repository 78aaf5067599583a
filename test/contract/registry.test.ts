import { testRegistry } from '../registry/setup.ts';
import { bothWays, storeContract } from './store.ts';

const abilities = { names: ['one', 'other'], many: true, open: true } as const;

storeContract('registry', async () => bothWays((await testRegistry()).open()), abilities);

storeContract(
  'registry behind a login, with blobs elsewhere',
  async () => {
    const auth = { scheme: 'bearer', username: 'me', password: 'secret' } as const;
    const login = { auth: Buffer.from('me:secret').toString('base64') };
    const registry = await testRegistry({ auth, login, persona: { redirectBlobs: true } });
    return bothWays(registry.open());
  },
  abilities,
);
