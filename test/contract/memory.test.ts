import { memoryStore } from '../../src/content/memory.ts';
import { bothWays, storeContract } from './store.ts';

storeContract('memory', () => Promise.resolve(bothWays(memoryStore())), {
  names: ['one', 'other'],
  many: true,
  open: true,
});
