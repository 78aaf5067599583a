// A CPython that neither the base nor its Debian packages have: chosen, or taken from the lock, and made a layer.
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from '../core/context.ts';
import { step } from '../core/context.ts';
import type { Digest } from '../core/digest.ts';
import { counted } from '../core/counted.ts';
import { ImageSpecError } from '../core/error.ts';
import { keyOf } from '../core/json.ts';
import { redactUrl } from '../core/redact.ts';
import type { Entry } from '../filesystem/entry.ts';
import { createTree } from '../filesystem/stage.ts';
import { LAYER_FORMAT } from '../layer/format.ts';
import { isOffered } from '../python/catalogue.ts';
import type { CatalogueOptions } from '../python/choose-python.ts';
import { machineOf } from '../python/find-interpreter.ts';
import type { Interpreter } from '../python/interpreter.ts';
import type { LockedPython, PythonTarget } from '../python/managed.ts';
import { managedInterpreter, PYTHON_FORMAT, pythonPrefix } from '../python/managed.ts';
import { DEFAULT_PYTHON } from '../spec/schema.ts';
import { readRange } from '../store/disk.ts';
import type { BaseDetails, BaseReader } from './base.ts';
import type { Job } from './job.ts';
import type { Answer, KeptLock } from './locks.ts';
import { lockWouldChange } from './locks.ts';
import type { OutlinedLayer, WantedLayer } from './make-layers.ts';
import type { UrlOpener } from './wheels.ts';

export interface PythonRequest {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  /** With the Debian packages. */
  readonly reader: BaseReader;
  readonly details: BaseDetails;
  readonly job: Job;
  readonly kept: KeptLock;
  /** Host path of uv. */
  readonly uv: () => Promise<string>;
  readonly openUrl: UrlOpener;
}

export interface BroughtPython {
  readonly interpreter: Interpreter;
  /** The base under a key that stands for the interpreter too; its facts need not tell of a folder that nothing else touches. */
  readonly reader: BaseReader;
  readonly layer: (ctx: Context) => WantedLayer;
  /** The same as far as it is known before anything is fetched. */
  readonly outline: OutlinedLayer;
  readonly answer: Answer<LockedPython>;
}

/** Throws `INTERPRETER_MISSING` where none can be brought, `LOCK_CHANGED`, and what choosing throws. */
export async function bringPython(ctx: Context, request: PythonRequest): Promise<BroughtPython> {
  const { reader, job, openUrl } = request;
  const target = targetOf(request);
  const answer = await lockInterpreter(ctx, request, target);
  const { lock } = answer;
  job.pythons.add(lock, openUrl);
  const { base } = reader;
  const key = keyOf({ base: base.key, interpreter: lock.digest });
  return {
    interpreter: managedInterpreter(lock, target),
    reader: { ...reader, base: { ...base, key } },
    layer: (inner) => pythonLayer(inner, request, lock),
    outline: outlineOf(request, lock),
    answer,
  };
}

/** Names what must be there for a CPython to be started, before anything is asked for. */
function targetOf({ name, reader: { base }, details, job }: PythonRequest): PythonTarget {
  const machine = machineOf(base.platform);
  const { libc } = details.surroundings;
  const wanted = job.loaded.spec.pythonVersion ?? job.options.defaultPython ?? DEFAULT_PYTHON;
  const absence = details.absence ?? `${base.name} has no Python`;
  if (!isOffered({ machine })) {
    throw new ImageSpecError(
      'INTERPRETER_MISSING',
      `${absence}; one can be brought for amd64 and arm64, not for ${name}`,
      {
        hint: `Set base_image to an image with that version, such as python:${wanted}-slim.`,
        facts: { platform: name, wanted },
      },
    );
  }
  if (libc) return { machine, libc, wanted };
  throw new ImageSpecError('INTERPRETER_MISSING', `${absence}; none is brought, since it has no C library either`, {
    hint: base.image
      ? `Set base_image to an image with Python, such as python:${wanted}-slim, or with a C library, such as debian:bookworm-slim.`
      : 'Set base_image to an image with Python or a C library, or name `apt_packages: [python3]`, which brings both.',
    facts: { platform: name, wanted },
  });
}

async function lockInterpreter(
  ctx: Context,
  { name, job, kept, uv, openUrl }: PythonRequest,
  target: PythonTarget,
): Promise<Answer<LockedPython>> {
  const { machine, libc, wanted } = target;
  const question = keyOf({ python: wanted, machine, libc: libc.kind });
  const known = kept.content.platforms[name]?.interpreter;
  if (known?.inputs === question) {
    const { version, url, digest } = known;
    return { question, lock: { version, url, digest }, fresh: false };
  }
  if (job.options.frozen) throw lockWouldChange(name, kept.content.platforms[name] !== undefined, job);
  const { cache, environment } = job.services;
  const { variables: env } = environment;
  const document = documentOf(ctx, job, openUrl);
  const { choosePython } = await import('../python/choose-python.ts');
  const lock = await step(ctx, { step: 'resolve', subject: `Python ${wanted} for ${name}` }, () =>
    cache.scratch((scratch) => choosePython(ctx, target, { uv, env, scratch, document })),
  );
  return { question, lock, fresh: true };
}

/** The list of uv has a megabyte for each version of Python that is in it. */
const DOCUMENT_LIMIT_BYTES = 64 << 20;

/** A path, or a URL, that replaces the list that is built into uv. */
function documentOf(ctx: Context, { services, options }: Job, openUrl: UrlOpener): CatalogueOptions['document'] {
  const { variables, workingDirectory } = services.environment;
  const named = variables['UV_PYTHON_DOWNLOADS_JSON_URL'];
  if (!named) return undefined;
  const where = redactUrl(named);
  const isRemote = /^https?:/.test(named);
  const path = named.startsWith('file:') ? fileURLToPath(named) : named;
  const bytes = (): AsyncIterable<Uint8Array> => {
    if (!isRemote) return readRange(isAbsolute(path) ? path : join(workingDirectory, path));
    if (!options.offline) return openUrl(ctx, new URL(named));
    throw new ImageSpecError('OFFLINE', `The list of Pythons ${where} is needed and --offline was given`, {
      hint: 'Build once without --offline.',
    });
  };
  const read = async (): Promise<string> => {
    const chunks: Uint8Array[] = [];
    const bounded = counted(bytes(), (done) => {
      if (done <= DOCUMENT_LIMIT_BYTES) return;
      throw new ImageSpecError('TOO_LARGE', `${where} has more than ${DOCUMENT_LIMIT_BYTES} bytes`, {
        hint: 'It is no list of Pythons: correct UV_PYTHON_DOWNLOADS_JSON_URL.',
      });
    });
    for await (const chunk of bounded) chunks.push(Uint8Array.from(chunk));
    return Buffer.concat(chunks).toString();
  };
  return { where, read };
}

function pythonLayer(ctx: Context, request: PythonRequest, python: LockedPython): WantedLayer {
  const { reader, job, openUrl } = request;
  const entries = async (): Promise<readonly Entry[]> => {
    const [facts, opened] = await Promise.all([reader.facts(ctx), job.pythons.open(ctx, python, openUrl)]);
    const tree = createTree(facts);
    tree.add(opened.entries, ORIGIN);
    return tree.layerEntries([ORIGIN]);
  };
  return { ...outlineOf(request, python), size: USUAL_BYTES, entries };
}

/** How large the archive is nobody knows before it is here. */
function outlineOf({ reader }: PythonRequest, { version, digest }: LockedPython): OutlinedLayer & { key: Digest } {
  const prefix = pythonPrefix(version);
  const key = keyOf({ formats: [LAYER_FORMAT, PYTHON_FORMAT], base: reader.base.key, python: digest, prefix });
  return { kind: 'interpreter', content: `CPython ${version}`, key, size: 0 };
}

const ORIGIN = 'interpreter';
/** Of an archive, for the order of work. */
const USUAL_BYTES = 30e6;
