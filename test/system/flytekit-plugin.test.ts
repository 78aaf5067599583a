// plugins/flytekit as its users have it: a workflow of three tasks with three specs, built by pyflyte where there is no Docker, and started.
import { createServer } from 'node:http';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/core/context.ts';
import { findUv } from '../../src/python/uv.ts';
import { createLocalCache } from '../../src/store/cache.ts';
import { baseImage } from './ground/bases.ts';
import { certificates } from './ground/environment.ts';
import {
  FLYTE_SDK,
  FLYTEKIT,
  hostPython,
  installFlyteSdk,
  installFlytekit,
  installPlugin,
  PLUGIN,
} from './ground/flytekit.ts';
import type { Run } from './ground/folder.ts';
import { GROUND, run, tryRun } from './ground/folder.ts';
import type { Podman } from './ground/podman.ts';
import { createPodman } from './ground/podman.ts';
import type { Registry } from './ground/registry.ts';
import { freePort, pushTo, startRegistry } from './ground/registry.ts';

const CACHE = join(GROUND, 'imagespec-cache');
const BIN = join(import.meta.dirname, '..', '..', 'bin', 'imagespec.js');

const FILES = {
  'workflows/__init__.py': '',
  'workflows/words.py': 'WORD = "hello"\n',
  'workflows/unused.py': '',
  'workflows/main.py': `import os

from flytekit import ImageSpec, task, workflow

from workflows.words import WORD

registry = os.environ.get("REGISTRY", "127.0.0.1:1")
shared = {"registry": f"{registry}/acme", "base_image": f"{os.environ.get('BASES', registry)}/debian-python:bookworm"}

base = ImageSpec(name="base", packages=["idna==3.10"], env={"GREETING": "from the base"}, **shared)
nested = ImageSpec(name="nested", packages=["iniconfig==2.0.0"], **{**shared, "base_image": base})
locked = ImageSpec(name="locked", requirements="locked/uv.lock", **shared)
copied = ImageSpec(name="copied", copy=["data"], **shared)


@task(container_image=nested)
def one() -> str:
    return WORD


@task(container_image=locked)
def two() -> str:
    return WORD


@task(container_image=copied)
def three() -> str:
    return WORD


@workflow
def all_three() -> None:
    one()
    two()
    three()
`,
  'locked/pyproject.toml': `[project]
name = "locked"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["flytekit==${FLYTEKIT}", "tomli==2.0.1"]
`,
  'data/greeting.txt': 'hello\n',
} as const;

const host = hostPython();

describe.skipIf(host === undefined && !process.env['CI'])('the plug-in for flytekit (needs python3 with pip)', () => {
  let folder: string;
  let registry: Registry;
  let site: string;
  let modules: string;
  let uv: string;
  let built: Run;

  /** Where no docker is: of the host's programs git alone. */
  const programs = (): string => join(folder, 'bin');

  const python = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Run> =>
    tryRun(host!.program, args, {
      cwd: join(folder, 'project'),
      env: {
        PATH: programs(),
        HOME: folder,
        PYTHONPATH: modules,
        PYTHONDONTWRITEBYTECODE: '1',
        IMAGESPEC_CLI: `'${process.execPath}' '${BIN}'`,
        IMAGESPEC_CACHE: CACHE,
        IMAGESPEC_UV: uv,
        REGISTRY: registry.host,
        NO_COLOR: '1',
        COLUMNS: '160',
        ...certificates(),
        ...more,
      },
    });

  const pyflyte = (args: readonly string[], more?: Readonly<Record<string, string>>): Promise<Run> =>
    python(['-m', 'flytekit.clis.sdk_in_container.pyflyte', ...args], more);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imagespec-flytekit-'));
    site = join(folder, 'site');
    const [flytekit] = await Promise.all([installFlytekit(host!), installPlugin(host!, site)]);
    modules = `${site}:${flytekit}`;
    for (const [path, content] of Object.entries(FILES)) {
      await mkdir(join(folder, 'project', dirname(path)), { recursive: true });
      await writeFile(join(folder, 'project', path), content);
    }
    await mkdir(programs());
    await symlink((await run('sh', ['-c', 'command -v git'])).trim(), join(programs(), 'git'));
    const cache = createLocalCache(CACHE, { now: Date.now, random: () => 'flytekit' });
    uv = await findUv(createContext(), { cache, env: process.env, offline: false });
    await run(uv, ['lock', '--quiet', '--python', host!.program], { cwd: join(folder, 'project', 'locked') });
    registry = await startRegistry('distribution 2.8');
    await pushTo(registry.host, 'debian-python', 'bookworm', await baseImage('bookworm-amd64'));
    built = await pyflyte(['build', 'workflows/main.py', 'all_three']);
  });

  afterAll(async () => {
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function passes(tests: string, paths: string): Promise<void> {
    const { status, stderr } = await tryRun(host!.program, ['-W', 'ignore', '-m', 'unittest', '--buffer'], {
      cwd: join(PLUGIN, tests),
      env: { HOME: folder, PYTHONPATH: paths, PYTHONDONTWRITEBYTECODE: '1', IMAGESPEC_FLYTEKIT_PRIORITY: '' },
    });
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^Ran [1-9]\d* tests/m);
  }

  it('passes its own tests', () => passes('tests', modules));

  /** What the command has said of the image of this name, by digest. */
  function referenceOf(name: string, { stderr } = built): string {
    const found = new RegExp(`built: (\\S+/acme/${name}@sha256:[0-9a-f]{64})`).exec(stderr);
    expect(found, stderr).not.toBeNull();
    return found![1]!;
  }

  it('builds a workflow of three specs without docker', async () => {
    expect(built.status, `${built.stdout.toString()}${built.stderr}`).toBe(0);
    const docker = await tryRun('/bin/sh', ['-c', 'command -v docker'], { env: { PATH: programs() } });
    expect(docker.status).not.toBe(0);
    const answer = await fetch(`http://${registry.host}/v2/_catalog`);
    expect(((await answer.json()) as { repositories: string[] }).repositories).toEqual([
      'acme/base',
      'acme/copied',
      'acme/locked',
      'acme/nested',
      'debian-python',
    ]);
  });

  describe('started by podman', () => {
    let podman: Podman;
    beforeAll(async () => {
      podman = await createPodman('overlay');
    });
    afterAll(() => podman?.close());

    const inImage = async (name: string, script: string): Promise<string[]> =>
      (await podman.run(referenceOf(name), ['sh', '-euc', script])).trimEnd().split('\n');

    it.each([
      ['nested', 'idna, iniconfig'],
      ['locked', 'tomli'],
      ['copied', 'flytekit'],
    ])('%s has its packages, flytekit and the workflow, for uid 1000', async (name, packages) => {
      const program = `import os, ${packages}, workflows.main; print(os.getuid(), os.getcwd())`;
      const [who, ...help] = await inImage(name, `python -c '${program}'; pyflyte-execute --help`);
      expect(who).toBe('1000 /root');
      expect(help.join('\n')).toMatch(/Usage: pyflyte-execute/);
    });

    it('they have the modules that were loaded, and what was to be copied', async () => {
      const files = 'cd /root; find . -type f -not -name ".*" | sort';
      const sources = ['./workflows/__init__.py', './workflows/main.py', './workflows/words.py'];
      expect(await inImage('nested', files)).toEqual(sources);
      expect(await inImage('copied', files)).toEqual(['./data/greeting.txt', ...sources]);
    });

    it('they know of which spec they are, where sources are not in them', async () => {
      const fast = await pyflyte(['build', '--fast', 'workflows/main.py', 'one']);
      const program = `
from flytekit.core.context_manager import ExecutionState, FlyteContextManager as manager
from workflows.main import copied, nested
context = manager.current_context()
state = context.execution_state.with_params(mode=ExecutionState.Mode.TASK_EXECUTION)
with manager.with_context(context.with_execution_state(state)):
    print(nested.is_container(), copied.is_container())
`;
      const sources = `--volume=${join(folder, 'project', 'workflows')}:/root/workflows:ro`;
      const options = [sources, `--env=REGISTRY=${registry.host}`];
      const said = await podman.run(referenceOf('nested', fast), ['python', '-c', program], options);
      expect(said).toBe('True False\n');
    });
  });

  it('builds nothing the second time', async () => {
    await registry.forget();
    const { status, stderr } = await pyflyte(['build', 'workflows/main.py', 'all_three']);
    expect(status, stderr).toBe(0);
    for (const name of ['nested', 'locked', 'copied']) expect(stderr).toContain(`exists: ${referenceOf(name)}`);
    expect(stderr).not.toMatch(/built: |upload |pack |download /);
    const methods = new Set((await registry.requests()).map(({ method }) => method));
    expect(methods).toContain('HEAD');
    for (const method of ['POST', 'PATCH', 'PUT']) expect(methods).not.toContain(method);
  });

  describe('when the registry', () => {
    async function failing(host: string, code: string): Promise<void> {
      const variables = { REGISTRY: host, BASES: registry.host };
      const { status, stdout, stderr } = await pyflyte(['build', 'workflows/main.py', 'three'], variables);
      const said = `${stdout.toString()}${stderr}`;
      expect(status, said).toBe(1);
      expect(said).toContain(`[${code}]`);
      expect(said).toContain('hint: ');
      expect(said).not.toMatch(/assumes|already exists|Traceback/);
    }

    it('is down, that is said', async () => {
      await failing(`127.0.0.1:${await freePort()}`, 'NETWORK');
    });

    it.each([
      [401, 'UNAUTHORIZED'],
      [403, 'FORBIDDEN'],
      [500, 'SERVER_ERROR'],
    ])('answers %i, that is said', async (status, code) => {
      const server = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      try {
        await failing(`127.0.0.1:${(server.address() as AddressInfo).port}`, code);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });
  });

  describe('of flyte-sdk v2', () => {
    let sdk: string;
    beforeAll(async () => {
      sdk = `${site}:${await installFlyteSdk(host!)}`;
    });

    it('passes its own tests', () => passes(join('tests', 'sdk'), sdk));

    it('builds layers in any order, with what a task is started by', async () => {
      const program = `
import asyncio, os, flyte
from flyte._internal.imagebuild.image_builder import ImageBuildEngine
registry = os.environ["REGISTRY"]
flyte.init(image_builder="imagespec")
base = flyte.Image.from_base(f"{registry}/debian-python:bookworm")
image = base.clone(name="sdk", registry=f"{registry}/acme", platform=("linux/amd64",), extendable=True)
image = image.with_pip_packages("flyte==${FLYTE_SDK}").with_env_vars({"GREETING": "hello"}).with_pip_packages("idna==3.9", pre=True)
print(asyncio.run(ImageBuildEngine.build(image)).uri)
`;
      const { status, stdout, stderr } = await python(['-c', program], { PYTHONPATH: sdk });
      expect(status, stderr).toBe(0);
      const reference = stdout.toString().trim();
      expect(reference).toMatch(/\/acme\/sdk@sha256:/);
      const podman = await createPodman('overlay');
      try {
        const script =
          'python -c "import flyte, idna; print(flyte.__version__, idna.__version__)"; echo $GREETING; a0 --help';
        const said = await podman.run(reference, ['sh', '-euc', script]);
        expect(said).toMatch(new RegExp(`^${FLYTE_SDK} 3\\.9\nhello\nUsage: a0`));
      } finally {
        await podman.close();
      }
    });
  });
});
