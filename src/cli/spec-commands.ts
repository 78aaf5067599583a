// Commands about specs: tag, init, schema.
import { isAbsolute, join } from 'node:path';
import { jsonSchema } from '../spec/json-schema.ts';
import { findSpec, loadSpec } from '../spec/load.ts';
import { initSpec } from '../spec/template.ts';
import type { CommonOptions, Session } from './session.ts';

const within = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

export async function runTag(path: string, flags: CommonOptions, session: Session): Promise<void> {
  const loaded = await loadSpec(await findSpec(within(session.environment.workingDirectory, path)));
  const name = await loaded.spec.imageName(loaded);
  session.result(
    flags.json ? `${JSON.stringify({ name, tag: name.slice(name.lastIndexOf(':') + 1) })}\n` : `${name}\n`,
  );
}

export async function runInit(path: string, flags: CommonOptions, session: Session): Promise<void> {
  const { file } = await initSpec(within(session.environment.workingDirectory, path));
  session.say('Edit it, then run: imagespec build\n');
  session.result(flags.json ? `${JSON.stringify({ file })}\n` : `${file}\n`);
}

export function runSchema(session: Session): void {
  session.result(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
}
