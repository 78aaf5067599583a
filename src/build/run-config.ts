// What the config of the new image says: the base's own words, with the environment, user and entry point of the spec on top.
import type { History, ImageConfig, RunConfig } from '../oci/config.ts';
import type { Platform } from '../oci/platform.ts';

/** What a shell would search if the base says nothing (Debian's login default). */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface RunSettings {
  /** Folder of the environment's programs, first on PATH; absent when nothing was installed. */
  readonly programs?: string | undefined;
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly user: string;
  readonly workingDirectory: string;
  /** undefined keeps the base's; [] clears it. Setting it clears an inherited Cmd, as Docker does. */
  readonly entrypoint?: readonly string[] | undefined;
  /** undefined keeps what is there; [] clears it. */
  readonly cmd?: readonly string[] | undefined;
  /** Beside the base's. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Sets a variable where it stands, else at the end: image-spec wants unique names. */
function withVariable(env: readonly string[], name: string, value: string): string[] {
  const line = `${name}=${value}`;
  const index = env.findIndex((one) => one.startsWith(`${name}=`));
  return index < 0 ? [...env, line] : env.with(index, line);
}

function variableOf(env: readonly string[], name: string): string | undefined {
  return env.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

export function runConfig(base: RunConfig | undefined, settings: RunSettings): RunConfig {
  let env: string[] = base?.Env ?? [];
  const path = variableOf(env, 'PATH') ?? DEFAULT_PATH;
  const { programs } = settings;
  const isFirst = programs === undefined || path.split(':')[0] === programs;
  env = withVariable(env, 'PATH', isFirst ? path : `${programs}:${path}`);
  for (const [name, value] of settings.env) env = withVariable(env, name, value);
  const { user, workingDirectory, entrypoint, cmd, labels } = settings;
  const { Cmd: inherited, ...rest } = { ...base, Env: env, User: user, WorkingDir: workingDirectory };
  const kept = entrypoint === undefined ? inherited : undefined;
  const own = cmd === undefined ? kept : [...cmd];
  return {
    ...rest,
    ...(entrypoint !== undefined && { Entrypoint: [...entrypoint] }),
    ...(own !== undefined && { Cmd: own }),
    ...(labels && { Labels: { ...base?.Labels, ...labels } }),
  };
}

/** The variables of a base, with those of the spec on top. */
export function variablesOf(base: RunConfig | undefined, own: RunSettings['env']): RunSettings['env'] {
  const settings = { env: own, user: '', workingDirectory: '' };
  return (runConfig(base, settings).Env ?? []).map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)];
  });
}

export interface NewLayer {
  readonly diffId: `sha256:${string}`;
  readonly content: string;
}

/** The whole config. Unknown members of the base stay; history keeps one entry per layer. */
export function imageConfig(
  base: ImageConfig | undefined,
  platform: Platform,
  run: RunConfig,
  layers: readonly NewLayer[],
  created: string,
): ImageConfig {
  const history: History[] = layers.map((layer) => ({ created, created_by: `imagespec: ${layer.content}` }));
  return {
    ...base,
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant && { variant: platform.variant }),
    created,
    config: run,
    rootfs: { type: 'layers', diff_ids: [...(base?.rootfs.diff_ids ?? []), ...layers.map((layer) => layer.diffId)] },
    history: [...baseHistory(base), ...history],
  };
}

/** A base without history gets one entry per layer, so that the numbers of history and layers go on agreeing. */
function baseHistory(base: ImageConfig | undefined): History[] {
  if (!base) return [];
  return base.history ?? base.rootfs.diff_ids.map(() => ({ created_by: 'base image' }));
}
