// Commands about specs: tag, init, schema.
import { isAbsolute, join } from 'node:path';
import { loadFiles } from '../build/load-files.ts';
import { jsonSchema } from '../spec/json-schema.ts';
import type { TemplateFormatName } from '../spec/template-format.ts';
import { initSpec } from '../spec/template.ts';
import type { CommonOptions, Session } from './session.ts';

const within = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

export interface TagFlags extends CommonOptions {
  readonly image?: string[];
}

/** One image is printed alone; several in a line, or an object, each. */
export async function runTag(
  paths: readonly string[],
  flags: TagFlags,
  { environment, result }: Session,
): Promise<void> {
  const specs = await loadFiles(paths, flags.image, environment);
  const images = await Promise.all(
    specs.map(async (loaded) => {
      const { spec, key } = loaded;
      const name = await spec.imageName(loaded);
      return { ...(key !== undefined && { image: key }), name, tag: name.slice(name.lastIndexOf(':') + 1) };
    }),
  );
  const isSet = images.length !== 1 || specs.some(({ key }) => key !== undefined);
  const json = isSet ? { images } : images[0];
  result(flags.json ? `${JSON.stringify(json)}\n` : images.map(({ name }) => `${name}\n`).join(''));
}

export interface ResolveFlags extends CommonOptions {
  readonly file: string[];
  readonly platform?: string[];
  readonly force?: boolean;
  readonly frozen?: boolean;
}

export async function runResolve(flags: ResolveFlags, session: Session): Promise<void> {
  const { environment, signal, on, say, result } = session;
  const { file, platform: platforms, force, frozen, cacheDir: cacheFolder } = flags;
  const { resolveManifests } = await import('../build/manifests.ts');
  const resolved = await resolveManifests(file, { platforms, force, frozen, cacheFolder, signal, on }, environment);
  const { text, images } = resolved;
  result(flags.json ? `${JSON.stringify(resolved)}\n` : text);
  if (images.length === 0) say('Nothing to resolve: no value is imagespec://NAME\n');
}

export interface InitFlags extends CommonOptions {
  readonly format: TemplateFormatName;
}

export async function runInit(path: string, flags: InitFlags, session: Session): Promise<void> {
  const { file } = await initSpec(within(session.environment.workingDirectory, path), { format: flags.format });
  session.say('Edit it, then run: imagespec build\n');
  session.result(flags.json ? `${JSON.stringify({ file })}\n` : `${file}\n`);
}

export function runSchema(session: Session): void {
  session.result(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
}
