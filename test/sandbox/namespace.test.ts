import { expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import type { NamespaceHost } from '../../src/sandbox/namespace.ts';
import { runScript } from '../../src/sandbox/namespace.ts';
import { findPrograms } from '../../src/sandbox/programs.ts';
import { expectCode } from '../expect-code.ts';

const hostWith = (unshare: string): NamespaceHost => ({
  maker: 'namespaces',
  programs: { ...findPrograms(process.env['PATH']), unshare },
  ids: { kind: 'single', uids: [[0, 0, 1]], gids: [[0, 0, 1]] },
});

it.each(['/nowhere/unshare', '/bin/false'])('says so where %s ends before anybody waits for it', async (unshare) => {
  const script = { text: 'true', variables: {} };
  const error = await expectCode(() => runScript(createContext({}), hostWith(unshare), script), 'SANDBOX_UNAVAILABLE');
  expect(error.message).toMatch(/its shell ended at once|ENOENT/);
});
