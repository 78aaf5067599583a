// The commands of a spec: run in order in the finished tree, as flytekit does (one shell, joined by &&, root, after the copies); what they
// change is one layer.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layer } from '../content/content.ts';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import { printPlatform } from '../oci/platform.ts';
import type { Mount } from '../sandbox/mounts.ts';
import type { SandboxHost } from '../sandbox/namespace.ts';
import type { Base } from './base.ts';
import { COMMANDS_FORMAT } from './commands-format.ts';
import type { OutlinedLayer, WantedLayer } from './make-layers.ts';
import type { RunTools } from './run-over.ts';
import { groundOf } from './run-over.ts';
import type { Redactor } from './secret-texts.ts';
import { requireUnseen, withSecretMounts } from './secrets.ts';

export interface CommandsInput {
  /** Name of the spec, before each line of output. */
  readonly name: string;
  readonly commands: readonly string[];
  /** Of the image, without what differs from build to build. */
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly base: Base;
  /** What the commands see for a while: names and places, never values. */
  readonly secrets: readonly string[];
  /** Seconds since the epoch. */
  readonly epoch: number;
}

/** @param below of the layers that the commands are run over, without the base's */
export function outlineCommands(input: CommandsInput, below: readonly OutlinedLayer[]): OutlinedLayer {
  const { commands, env, base, epoch, secrets } = input;
  const key = keyOf({
    formats: [LAYER_FORMAT, COMMANDS_FORMAT],
    base: base.key,
    platform: printPlatform(base.platform),
    below: below.map((layer) => layer.key ?? null),
    commands,
    env,
    epoch,
    // Absent where there are none, as they were before anyone could have any.
    ...(secrets.length > 0 && { secrets }),
  });
  return { kind: 'commands', content: `commands: ${commands.join(' && ')}`, key, size: 0 };
}

/** @param layers all layers that the commands are run over, lowest first */
export function commandsLayer(
  ctx: Context,
  input: CommandsInput,
  below: readonly OutlinedLayer[],
  layers: readonly Layer[],
  tools: RunTools,
): WantedLayer {
  const outline = outlineCommands(input, below);
  return { ...outline, key: outline.key!, entries: () => runCommands(ctx, input, layers, tools) };
}

/** The shell of POSIX, which every base with a shell has there. */
const SHELL = '/bin/sh';
/** Where commands are counted; a place that no layer has. */
const STEP_FILE = '/run/.imagespec-step';

async function runCommands(
  ctx: Context,
  input: CommandsInput,
  layers: readonly Layer[],
  tools: RunTools,
): Promise<readonly Entry[]> {
  const { host, facts, work, run } = await groundOf(ctx, layers, tools);
  requireShell(facts, input);
  const secrets = await tools.secrets();
  const output = createOutput(ctx, input.name, secrets);
  const { mounts, env } = await surroundings(input, work, facts, tools.uv);
  return step(ctx, { step: 'run', subject: `${input.commands.length} commands` }, async () => {
    const scan = secrets.scan();
    const program = {
      argv: [SHELL, '-c', shellText(input.commands)],
      env: [...env, ...secrets.env],
      network: 'host',
      output: output.add,
      epoch: input.epoch,
      watch: scan.watch,
    } as const;
    const { status, entries } = await withSecretMounts(secrets.files, join(work, 'secrets'), (own) =>
      run(ctx, { ...program, mounts: [...mounts, ...own] }),
    );
    output.end();
    const shown = { ...input, commands: input.commands.map(secrets.redact) };
    if (status !== 0) throw await commandFailed(shown, status, join(work, 'step'), output.tail(), host);
    requireUnseen(scan, entries);
    return entries;
  });
}

/** Each command says its number first: the shell's own status does not tell which one it was. */
function shellText(commands: readonly string[]): string {
  return commands.map((command, index) => `echo ${index} > ${STEP_FILE} && ${command}`).join(' && ');
}

/** What commands find beside the image: a file to count in, and uv if they speak of it, with a cache of its own, as flytekit mounts it. */
async function surroundings(
  { commands, env, epoch }: CommandsInput,
  work: string,
  facts: BaseFacts,
  findUv: () => Promise<string>,
): Promise<{ readonly mounts: readonly Mount[]; readonly env: CommandsInput['env'] }> {
  await writeFile(join(work, 'step'), '');
  const counter: Mount = { source: join(work, 'step'), kind: 'file', target: STEP_FILE, isReadOnly: false };
  const own = [['HOME', '/root'], ...env, ['SOURCE_DATE_EPOCH', String(epoch)]] as const;
  if (!commands.some((command) => /\buvx?\b/.test(command))) return { mounts: [counter], env: own };
  const cache = join(work, 'uv-cache');
  await mkdir(cache);
  await chmod(cache, 0o755);
  const python = facts.entries.has('opt/venv/bin/python') ? [['UV_PYTHON', '/opt/venv/bin/python'] as const] : [];
  return {
    mounts: [
      counter,
      { source: await findUv(), kind: 'file', target: '/usr/bin/uv', isReadOnly: true },
      { source: cache, kind: 'directory', target: '/root/.cache/uv', isReadOnly: false },
    ],
    env: [...own, ...python],
  };
}

function requireShell(facts: BaseFacts, { base }: CommandsInput): void {
  if (facts.entries.has(resolvePath(facts, SHELL, { follow: true }))) return;
  throw new ImageSpecError('PROGRAM_NOT_FOUND', `The commands cannot be run: ${base.name} has no ${SHELL}`, {
    hint: 'Choose a base_image with a shell, or add one by apt_packages (dash), or leave out commands.',
    facts: { program: SHELL },
  });
}

export const NO_IDS =
  'This host lends you no ids, so files can have no owner but root: have newuidmap installed, and a range in /etc/subuid and /etc/subgid.';

async function commandFailed(
  { commands }: CommandsInput,
  status: number,
  stepFile: string,
  tail: readonly string[],
  { ids }: SandboxHost,
): Promise<ImageSpecError> {
  const step = (await readFile(stepFile, 'utf8').catch(() => '')).trim();
  const said = tail.length > 0 ? `; its last words: ${tail.join(' | ')}` : ', without a word';
  if (step === '') {
    const message = `The commands cannot be read: ${SHELL} of the image ended with status ${status} before the first one${said}`;
    return new ImageSpecError('COMMAND_FAILED', message, {
      hint: 'They are joined by "&&" and read as one: look for quotes and words such as "fi" that have no counterpart.',
      facts: { status },
    });
  }
  const index = Number(step);
  const command = commands[index] ?? '';
  const how = status > 128 ? `was ended by signal ${status - 128}` : `ended with status ${status}`;
  return new ImageSpecError('COMMAND_FAILED', `Command ${index + 1} of ${commands.length} ${how}: ${command}${said}`, {
    hint: ids.kind === 'single' ? NO_IDS : 'Try it by hand: build without commands, then "imagespec run IMAGE sh".',
    facts: { command, index, status },
  });
}

const TAIL_LINES = 20;
/** A line without an end is told in pieces of this size. */
const LINE_LIMIT = 4096;

/** Output as log events, line by line, without secrets. */
export function createOutput(ctx: Context, name: string, { redact, reach }: Redactor) {
  let rest = '';
  const tail: string[] = [];
  const tell = (text: string): void => {
    const line = redact(text);
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    ctx.emit({ type: 'log', level: 'info', message: `${name}: ${line}` });
  };
  return {
    add: (text: string): void => {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) tell(line);
      // What is cut off must not hold the start of a secret whose end comes later.
      if (rest.length > LINE_LIMIT + reach) rest = redact(rest);
      for (; rest.length > LINE_LIMIT + reach; rest = rest.slice(LINE_LIMIT)) tell(rest.slice(0, LINE_LIMIT));
    },
    end: (): void => {
      if (rest !== '') tell(rest);
      rest = '';
    },
    tail: (): readonly string[] => tail,
  };
}
