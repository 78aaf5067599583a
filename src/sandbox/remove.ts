// Folders whose files belong to lent ids are removed by who may: root of the namespace that made them.
import { rm, stat } from 'node:fs/promises';
import { createContext } from '../core/context.ts';
import type { SandboxHost } from './namespace.ts';
import { runScript } from './namespace.ts';

/** Removes a folder and everything below, also after an abort. */
export async function removeFolder(host: SandboxHost, folder: string): Promise<void> {
  // A whole tree: rm(1) takes a tenth of the time that Node takes.
  if (host.maker === 'chroot') await removeByScript(host, folder).catch(() => undefined);
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  const isLeft = await stat(folder).then(
    () => true,
    () => false,
  );
  if (isLeft) await removeByScript(host, folder);
}

function removeByScript(host: SandboxHost, folder: string): Promise<void> {
  return runScript(createContext(), host, { text: 'rm -rf -- "$1"', args: [folder], variables: {} });
}
