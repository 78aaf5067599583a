// Specs as programs write them, right and wrong, in our ImageSpec and in flytekit's: the same name comes out, or both refuse.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isImageSpecError } from '../../src/core/error.ts';
import { checkSpec } from '../../src/spec/check.ts';
import { specOf } from '../../src/spec/spec.ts';
import { FLYTEKIT, hostPython, installFlytekit } from './ground/flytekit.ts';

const SPECS = 600;
const SEED = 20_261;

const PROGRAM = `
import json, platform, sys
platform.machine = lambda: "x86_64"
from flytekit.constants import CopyFileDetection
from flytekit.image_spec.image_spec import ImageSpec
def spec_of(fields):
    if isinstance(fields.get("base_image"), dict):
        fields["base_image"] = spec_of(fields["base_image"])
    if "source_copy_mode" in fields:
        fields["source_copy_mode"] = CopyFileDetection[fields["source_copy_mode"]]
    mounts = fields.get("pip_secret_mounts")
    if isinstance(mounts, list):
        fields["pip_secret_mounts"] = [tuple(one) if isinstance(one, list) else one for one in mounts]
    return ImageSpec(**fields)
for line in sys.stdin:
    try:
        print(json.dumps({"name": spec_of(json.loads(line)).image_name()}))
    except Exception as error:
        print(json.dumps({"error": str(error)}))
`;

/** Mostly right: a spec has many fields, and one wrong one spoils it. */
const mostly = <T>(right: fc.Arbitrary<T>, ...wrong: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 12, arbitrary: right as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  );

const word = fc.stringMatching(/^[a-z][a-z0-9 '"=<>.,$-]{0,14}$/);
const words = mostly(fc.array(word, { maxLength: 3 }), 'numpy', [1, 2], ['x', null], { a: 'b' });

/** Without what is refused here by name, and what is taken here and not there (docs/flytekit.md). */
const flat = fc.record(
  {
    name: fc.stringMatching(/^[a-zA-Z0-9]{1,8}(?:[/._-][a-z0-9]{1,4})?$/),
    python_version: fc.constantFrom('3.9', '3.12', '3.13.1'),
    env: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,6}$/), fc.constantFrom('x y', "it's", 'é', '漢', '"q"', '1', '')),
    registry: mostly(
      fc.constantFrom(
        '',
        'localhost:30000',
        'localhost:30000/flyte',
        'ghcr.io/FlyteOrg',
        '192.168.1.1:30000/my',
        'my.reg.com:5000/a/b',
      ),
      'invalid:port:50000',
      'ghcr.io/flyteorg:latest',
      'flyteorg:latest',
    ),
    packages: words,
    apt_packages: mostly(fc.array(fc.constantFrom('git', 'libgl1', 'curl=7.88'), { maxLength: 2 }), 'git', [1]),
    requirements: mostly(fc.constantFrom('req.txt', './d/more.txt'), 'nosuch.txt'),
    platform: fc.constantFrom('linux/amd64', 'linux/arm64', 'linux/amd64,linux/arm64'),
    pip_index: fc.constantFrom('https://index.example/simple'),
    pip_extra_index_url: mostly(fc.constant(['https://extra.example/simple']), 'https://extra.example/simple'),
    pip_secret_mounts: mostly(fc.constant([['a', '/b/.netrc']]), 'a', [['a', '/b', '/c']], ['a', '/b']),
    entrypoint: words,
    commands: words,
    tag_format: fc.constantFrom('{spec_hash}-dev', 'v{spec_hash:.8}', 'fixed'),
    // What is not there is refused here when the tag is made, and there when the image is.
    copy: fc.shuffledSubarray(['d', 'req.txt', './d/more.txt']),
    runtime_packages: mostly(fc.array(fc.constantFrom('six', 'idna==3.6'), { maxLength: 2 }), 'six'),
    builder_options: mostly(fc.constant({}), 'x', ['x']),
    source_copy_mode: mostly(fc.constant('NO_COPY'), 'ALL', 'LOADED_MODULES'),
  },
  { requiredKeys: [] },
);
const specs = fc.oneof(
  { weight: 3, arbitrary: flat },
  fc.tuple(flat, flat).map(([fields, base]) => ({ ...fields, base_image: base })),
  flat.map((fields) => ({ ...fields, base_image: 'python:3.12-slim' })),
);

/** What flytekit says in words that are ours too. */
const SHARED = [
  /must be a list of strings or None/,
  /Field source_root for image spec \S+ must be set when copy is set/,
  /must be a list of tuples of two strings or None/,
];

const python = hostPython();

describe.skipIf(python === undefined && !process.env['CI'])(`flytekit ${FLYTEKIT} (needs python3 with pip)`, () => {
  let modules: string;
  let folder: string;

  beforeAll(async () => {
    modules = await installFlytekit(python!);
    folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
    await mkdir(join(folder, 'd'));
    await writeFile(join(folder, 'req.txt'), 'pandas\n');
    await writeFile(join(folder, 'd', 'more.txt'), ' idna\n');
  });

  async function ourAnswer(spec: Readonly<Record<string, unknown>>): Promise<{ name?: string; error?: string }> {
    try {
      const made = specOf(checkSpec(spec, { name: 'spec', naming: 'snake_case' }));
      return { name: await made.imageName({ directory: folder }) };
    } catch (error) {
      if (!isImageSpecError(error)) throw error;
      return { error: [error.message, ...error.issues].join('\n') };
    }
  }

  it(`gives the names that we give, or refuses as we do, for ${SPECS} specs`, async () => {
    const samples = fc.sample(specs, { numRuns: SPECS, seed: SEED });
    const printed = execFileSync(python!.program, ['-c', PROGRAM], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, PYTHONPATH: modules, PYTHONUTF8: '1' },
      input: samples.map((spec) => `${JSON.stringify(spec)}\n`).join(''),
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    });
    const theirs = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name?: string; error?: string });
    const refused = theirs.filter(({ error }) => error !== undefined);
    expect(refused.length).toBeGreaterThan(SPECS / 5);
    expect(SPECS - refused.length).toBeGreaterThan(SPECS / 5);
    for (const [i, spec] of samples.entries()) {
      const { name, error } = theirs[i]!;
      const ours = await ourAnswer(spec);
      expect(ours.name, `${JSON.stringify(spec)}\n${error}\n${ours.error}`).toBe(name);
      for (const shared of SHARED) if (error !== undefined && shared.test(error)) expect(ours.error).toMatch(shared);
    }
  });
});
