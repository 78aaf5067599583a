// Folders whose files belong to lent ids are removed by who may: root of the namespace that made them.
import { rm, stat } from 'node:fs/promises';
import { createContext } from '../core/context.ts';
import type { SandboxHost } from './namespace.ts';
import { runScript } from './namespace.ts';

/** Removes a folder and everything below, also after an abort. */
export async function removeFolder(host: SandboxHost, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  const isLeft = await stat(folder).then(
    () => true,
    () => false,
  );
  if (isLeft) await runScript(createContext(), host, { text: 'rm -rf -- "$1"', args: [folder], variables: {} });
}
