// What `source_root`, `source_copy_mode` and `source_files` say together.
import type { Finding } from './finding.ts';
import { NOT_YET } from './finding.ts';

interface SourceFields {
  readonly name?: unknown;
  readonly source_root?: unknown;
  readonly source_copy_mode?: unknown;
  readonly source_files?: unknown;
}

export interface SourceFinding extends Finding {
  readonly path: readonly [keyof SourceFields];
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** Of fields as they were given, whatever else is wrong with them. */
export function sourceFindings({
  name = 'flytekit',
  source_root: root,
  source_copy_mode: mode,
  source_files: files,
}: SourceFields): SourceFinding[] {
  if (!isGiven(root)) return [...withoutRoot(name, mode), ...(isGiven(files) ? [FILES_WITHOUT_ROOT] : [])];
  if (mode === 'ALL' || mode === 'NO_COPY') return isGiven(files) ? [filesWith(mode)] : [];
  return isGiven(files) || (isGiven(mode) && mode !== 'LOADED_MODULES') ? [] : [loadedModules(isGiven(mode))];
}

function withoutRoot(name: unknown, mode: unknown): SourceFinding[] {
  if (mode !== 'ALL' && mode !== 'LOADED_MODULES') return [];
  // flytekit's words.
  const words = `Field source_root for image spec ${String(name).toLowerCase().slice(0, 200)} must be set when copy is set`;
  const todo = 'Name the folder of the sources under `source_root`, or write NO_COPY.';
  return [{ path: ['source_copy_mode'], what: `is ${mode}, but names no folder: ${words}`, todo }];
}

const FILES_WITHOUT_ROOT: SourceFinding = {
  path: ['source_files'],
  what: 'has paths, but there is no folder that they start from',
  todo: 'Name it under `source_root`, or list the files under `copy`.',
};

const filesWith = (mode: string): SourceFinding => ({
  path: ['source_files'],
  what: `cannot be used where \`source_copy_mode\` is ${mode}`,
  todo: 'Write LOADED_MODULES for exactly these files, or take the list out.',
});

function loadedModules(isModeGiven: boolean): SourceFinding {
  const todo = 'Write `source_copy_mode: ALL`, or list the files under `source_files`.';
  const modules = 'copying the modules that a running Python has loaded';
  if (isModeGiven) return { path: ['source_copy_mode'], what: `is LOADED_MODULES, but ${modules} ${NOT_YET}`, todo };
  return { path: ['source_root'], what: `stands without a \`source_copy_mode\`, but ${modules} ${NOT_YET}`, todo };
}
