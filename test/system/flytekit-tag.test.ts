// Our tags beside flytekit's own, for random specs.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FIELD_NAMES, OWN_FIELDS } from '../../src/spec/field-names.ts';
import type { PythonValue } from '../../src/spec/python-repr.ts';
import type { TagFields } from '../../src/spec/tag.ts';
import { imageName, specId, specTag } from '../../src/spec/tag.ts';
import { FLYTEKIT, hostPython, installFlytekit } from './ground/flytekit.ts';

const SPECS = 600;
const SEED = 20_241;

// Folders are sorted, as ours are, and the host is no ARM machine: what flytekit leaves to the machine.
const PROGRAM = `
import json, os, platform, sys
walk = os.walk
def sorted_walk(*args, **kwargs):
    for root, folders, files in walk(*args, **kwargs):
        folders.sort()
        yield root, folders, files
os.walk = sorted_walk
platform.machine = lambda: "x86_64"
from flytekit.constants import CopyFileDetection
from flytekit.image_spec.image_spec import ImageSpec
def spec_of(fields):
    if isinstance(fields.get("base_image"), dict):
        fields["base_image"] = spec_of(fields["base_image"])
    if fields.get("source_copy_mode"):
        fields["source_copy_mode"] = CopyFileDetection[fields["source_copy_mode"]]
    if fields.get("pip_secret_mounts"):
        fields["pip_secret_mounts"] = [tuple(pair) for pair in fields["pip_secret_mounts"]]
    return ImageSpec(**fields)
for line in sys.stdin:
    spec = spec_of(json.loads(line))
    print(json.dumps([spec.id, spec.tag, spec.image_name()]))
`;

/** JSON whose objects keep the order of Maps. */
function print(value: unknown): string {
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${JSON.stringify(key)}:${print(one)}`).join(',')}}`;
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`;
  if (typeof value === 'object' && value !== null) return print(new Map(Object.entries(value)));
  return JSON.stringify(value);
}

/** Characters whose printing is a rule of its own. All are assigned since long: the two Unicode versions need not be one. */
const ODD = [
  "'",
  '"',
  '\\',
  '\n',
  '\r',
  '\t',
  '\0',
  '\u001b',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u00ad',
  'é',
  'ß',
  'Ж',
  '漢',
];
const ODDER = [
  '\u0301',
  '\u200b',
  '\u200d',
  '\u2028',
  '\u3000',
  '\ud7ff',
  '\ue000',
  '\ufeff',
  '\uffff',
  '😀',
  '\u{e0001}',
  '\u{10ffff}',
];
const char = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }) },
  fc.constantFrom(...ODD, ...ODDER),
);
const text = fc.oneof(
  fc.string({ unit: char, maxLength: 12 }),
  fc.constantFrom('1', '10', '02', 'pandas==2.2.1', '__proto__'),
);
const texts = fc.array(text, { maxLength: 4 });
const scalar: fc.Arbitrary<PythonValue> = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.double({ noInteger: true, noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
);
const dict = (value: fc.Arbitrary<PythonValue>): fc.Arbitrary<ReadonlyMap<string, PythonValue>> =>
  fc.array(fc.tuple(text, value), { maxLength: 5 }).map((pairs) => new Map(pairs));
const options = dict(fc.oneof(scalar, texts, dict(scalar)));

const FILES = {
  'req.txt': 'pandas\n',
  'spaced.txt': '\v\f  pandas\r\n \u00a0',
  'empty.txt': '',
  'd/a.txt': 'hello',
  'd/B.txt': 'HELLO',
  'd/sub/deep/x.py': 'print(1)\n',
  'd/sub/é 漢.txt': 'accents',
  'd/other/y.py': '',
  'e/z.bin': '\0\u0001',
} as const;

const plain: fc.Arbitrary<TagFields> = fc.record(
  {
    name: fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9_./-]{0,10}[a-zA-Z0-9])?$/),
    python_version: fc.oneof(fc.constantFrom('3.9', '3.12', '3.12.4'), fc.constant(3.9)),
    builder: fc.constantFrom('noop', 'envd'),
    env: dict(fc.oneof(text, fc.integer(), fc.boolean())),
    registry: fc.constantFrom('', 'Acme', 'localhost', 'localhost:30000', 'ghcr.io/Acme', 'reg.example:5000/a/B.c'),
    packages: texts,
    conda_packages: texts,
    conda_channels: texts,
    requirements: fc.constantFrom('', 'req.txt', 'spaced.txt', 'empty.txt', './d/a.txt'),
    apt_packages: texts,
    cuda: text,
    cudnn: text,
    platform: fc.constantFrom('linux/amd64', 'linux/arm64', 'linux/amd64,linux/arm64'),
    pip_index: text,
    pip_extra_index_url: texts,
    pip_secret_mounts: fc.array(fc.tuple(text, text), { maxLength: 2 }),
    pip_extra_args: text,
    registry_config: text,
    entrypoint: texts,
    commands: texts,
    tag_format: fc.constantFrom('', '{spec_hash}', '{spec_hash}-dev', 'v{{1}}-{spec_hash:.8}', 'fixed'),
    source_copy_mode: fc.constant('NO_COPY'),
    source_root: fc.constantFrom('d', '.', '/nowhere', "it's"),
    copy: fc.shuffledSubarray(['d', 'd/', './e', 'd/a.txt', 'd/sub', 'd/sub/../a.txt', 'req.txt']),
    python_exec: text,
    runtime_packages: texts,
    builder_options: options,
    builder_config: options,
  },
  { requiredKeys: [] },
);
const NOT_ABSENT: readonly string[] = ['name', 'source_root', ...OWN_FIELDS];
const absent = fc.subarray(
  FIELD_NAMES.filter((name) => !NOT_ABSENT.includes(name)),
  { maxLength: 3 },
);
/** How sources are read is a test of its own. */
const sources: fc.Arbitrary<TagFields> = fc.constantFrom(
  {},
  { source_root: 'd', source_copy_mode: 'ALL' },
  { source_root: './d/', source_copy_mode: 'ALL' },
);
const flat = fc.tuple(plain, absent, sources).map(([{ source_root: root, ...fields }, names, more]) => {
  const nulls = Object.fromEntries(names.map((name) => [name, null]));
  // A root alone would ask for what Python has loaded.
  return { ...nulls, ...fields, ...(fields.source_copy_mode && root && { source_root: root }), ...more };
});
const base = fc.oneof({ weight: 2, arbitrary: text }, flat);
const nested = fc.tuple(flat, base).map(([fields, image]): TagFields => ({ ...fields, base_image: image }));
const specs = fc.oneof(
  flat,
  nested,
  fc.tuple(flat, nested).map(([fields, image]): TagFields => ({ ...fields, base_image: image })),
);

const python = hostPython();
const reason = 'needs python3 with pip';

describe.skipIf(python === undefined && !process.env['CI'])(`flytekit ${FLYTEKIT} (${reason})`, () => {
  let modules: string;
  let folder: string;

  beforeAll(async () => {
    modules = await installFlytekit(python!);
    folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
    for (const [path, content] of Object.entries(FILES)) {
      await mkdir(join(folder, dirname(path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
  });

  it(`gives the ids, tags and names that we give, for ${SPECS} specs`, async () => {
    const samples = fc.sample(specs, { numRuns: SPECS, seed: SEED });
    const printed = execFileSync(python!.program, ['-c', PROGRAM], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, PYTHONPATH: modules, PYTHONUTF8: '1' },
      input: samples.map((spec) => `${print(spec)}\n`).join(''),
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    });
    const theirs = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(theirs).toHaveLength(SPECS);
    for (const [i, spec] of samples.entries()) {
      const ours = [specId(spec), await specTag(spec, folder), await imageName(spec, folder)];
      expect(ours, print(spec)).toEqual(theirs[i]);
    }
  });
});
