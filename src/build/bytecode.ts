// `compile: true`: bytecode of the environment, and of the standard library where the base has none, as one layer made by the target's own
// interpreter. Official slim images delete the library's bytecode, so that every start compiles it again.
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { ImageSpecError } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import { printPlatform } from '../oci/platform.ts';
import { COMPILE_SCRIPT } from '../python/compile-script.ts';
import type { Interpreter } from '../python/interpreter.ts';
import { minorVersion } from '../python/interpreter.ts';
import { ENVIRONMENT_ROOT, venvLayout } from '../python/venv.ts';
import type { Base } from './base.ts';
import type { OutlinedLayer, WantedLayer } from './make-layers.ts';
import type { Owner } from './packages.ts';
import { ownedBy } from './packages.ts';
import type { RunTools } from './run-over.ts';
import { groundOf } from './run-over.ts';

/** Raised whenever equal sources would get other bytecode: it is part of the key. */
const BYTECODE_FORMAT = 2;

export interface BytecodeInput {
  readonly base: Base;
  readonly interpreter: Interpreter;
  /** Of the environment. */
  readonly owner: Owner;
  /** Seconds since the epoch. */
  readonly epoch: number;
}

/** @param below of the layers with the environment, without the base's */
export function outlineBytecode(
  input: BytecodeInput,
  below: readonly OutlinedLayer[],
): OutlinedLayer & { key: Digest } {
  const { base, interpreter, epoch } = input;
  const key = keyOf({
    formats: [LAYER_FORMAT, BYTECODE_FORMAT],
    script: COMPILE_SCRIPT,
    base: base.key,
    platform: printPlatform(base.platform),
    interpreter: interpreter.path,
    below: below.map((layer) => layer.key ?? null),
    epoch,
  });
  return { kind: 'bytecode', content: `bytecode of Python ${interpreter.version}`, key, size: 0 };
}

/** @param layers those with the environment, over the base's, lowest first */
export function bytecodeLayer(
  ctx: Context,
  input: BytecodeInput,
  below: readonly OutlinedLayer[],
  layers: readonly Layer[],
  tools: RunTools,
): WantedLayer {
  return { ...outlineBytecode(input, below), entries: () => compile(ctx, input, layers, tools) };
}

async function compile(
  ctx: Context,
  { interpreter, owner, epoch }: BytecodeInput,
  layers: readonly Layer[],
  tools: RunTools,
): Promise<readonly Entry[]> {
  const { facts, run } = await groundOf(ctx, layers, tools);
  const folder = `python${minorVersion(interpreter.version)}${interpreter.freeThreaded ? 't' : ''}`;
  const places = [
    `${interpreter.prefix}/lib/${folder}`,
    `${interpreter.prefix}/lib/python3/dist-packages`,
    `${ENVIRONMENT_ROOT}/${venvLayout(interpreter, ENVIRONMENT_ROOT).sitePackages}`,
  ].filter((path) => facts.entries.has(path.slice(1)));
  return step(ctx, { step: 'compile', subject: `Python ${interpreter.version}` }, async ({ note }) => {
    let said = '';
    const { status, entries } = await run(ctx, {
      argv: [interpreter.path, '-S', '-s', '-c', COMPILE_SCRIPT, String(tools.processors), ...places],
      // The order of sets in constants follows the seed of hashes.
      env: [
        ['PYTHONHASHSEED', '0'],
        ['PYTHONDONTWRITEBYTECODE', '1'],
      ],
      mounts: [],
      network: 'none',
      output: (text) => void (said = (said + text).slice(-SAID_LIMIT)),
      epoch,
    });
    if (status !== 0) throw cannotCompile(interpreter, status, said);
    note(`${said.trim()} files`);
    return ownedBy(owner, entries);
  });
}

const SAID_LIMIT = 2000;

function cannotCompile({ path }: Interpreter, status: number, said: string): ImageSpecError {
  const message = `Bytecode could not be made: ${path} of the image ended with status ${status}: ${said.trim()}`;
  return new ImageSpecError('COMMAND_FAILED', message, {
    hint: 'Check that the interpreter of the base image starts, or leave out `compile`.',
    facts: { command: path, status },
  });
}
