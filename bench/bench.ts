// `npm run bench`: one run, side by side, as ratios. Options: --rounds N, --json, --memory (tensorflow-cpu, peak memory only).
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { baseImage } from '../test/system/ground/bases.ts';
import { BIN, PATH, run } from '../test/system/ground/folder.ts';
import { pushTo, startRegistry } from '../test/system/ground/registry.ts';
import { installTools } from '../test/system/ground/tools.ts';
import type { Measure } from './measure.ts';
import { best, measure } from './measure.ts';
import type { Ground, Party } from './parties.ts';
import { parties } from './parties.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
  },
});

const PACKAGES = 'numpy pandas scikit-learn scipy pydantic fastapi uvicorn requests'.split(' ');
const ROOT = join(import.meta.dirname, '..');
const NODE = join(ROOT, 'node_modules', '.bin');

await installTools();
const folder = await mkdtemp(join(tmpdir(), 'imagespec-bench-'));
const registry = await startRegistry('distribution 2.8');
try {
  await pushTo(registry.host, 'debian-python', 'bookworm', await baseImage('bookworm-amd64'));
  const env = {
    PATH: `${NODE}:${PATH}`,
    IMAGESPEC_CACHE: join(folder, 'cache'),
    UV_CACHE_DIR: join(folder, 'uv-cache'),
  };
  const ground = await prepare(folder, registry.host, env);
  const list = values.memory ? (await parties(ground)).slice(0, 1) : await parties(ground);
  const rows = await rounds(list, ground, env);
  console.log(values.json ? JSON.stringify(rows, undefined, 2) : table(rows));
} finally {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Resolves once, so that every party installs the same files, and makes what the others need. */
async function prepare(place: string, host: string, env: Readonly<Record<string, string>>): Promise<Ground> {
  await mkdir(join(place, 'spec'), { recursive: true });
  await mkdir(join(place, 'context'), { recursive: true });
  const imagespec = `node ${join(ROOT, 'bin', 'imagespec.js')}`;
  const packages = values.memory ? ['tensorflow-cpu'] : PACKAGES;
  const base = 'debian-python:bookworm';
  const spec = { name: 'resolve', registry: host, base_image: `${host}/${base}`, packages };
  await writeFile(join(place, 'spec', 'imagespec.yaml'), JSON.stringify(spec));
  await run('bash', ['-euc', `cd ${place}/spec; ${imagespec} build --push --progress none`], { env });
  const lock = JSON.parse(await readFile(join(place, 'spec', 'imagespec.lock'), 'utf8')) as LockFile;
  const wheels = lock.platforms['linux/amd64']?.wheels ?? [];
  const requirements = join(place, 'context', 'requirements.txt');
  await writeFile(
    requirements,
    wheels.map(({ name, version, digest }) => `${name}==${version} --hash=${digest}\n`).join(''),
  );
  const uv = await findUv(env['IMAGESPEC_CACHE'] ?? '');
  await run('cp', [uv, join(place, 'context', 'uv')]);
  const standIn = join(place, 'python');
  await writeFile(standIn, await standInScript(place), { mode: 0o755 });
  return { folder: place, registry: host, base, requirements, uv, standIn, imagespec };
}

interface LockFile {
  readonly platforms: Readonly<Record<string, { wheels: { name: string; version: string; digest: string }[] }>>;
}

async function findUv(cache: string): Promise<string> {
  const found = await run('find', [cache, '-type', 'f', '-size', '+20M', '-perm', '-u+x']);
  const [uv = join(BIN, 'uv')] = found.split('\n').filter(Boolean);
  return uv;
}

/** The peers get the base's own interpreter, so that their files are the same. */
async function standInScript(_place: string): Promise<string> {
  return '#!/bin/sh\nexec /usr/bin/python3 "$@"\n';
}

async function rounds(list: readonly Party[], ground: Ground, env: Readonly<Record<string, string>>) {
  const measures = new Map<Party, (Measure & { pushedMegabytes: number })[]>(list.map((party) => [party, []]));
  const count = Number(values.rounds);
  for (let round = -1; round < count; round++) {
    for (const [i, party] of list.entries()) {
      if (round < 0 && party.warmUps === 0) continue;
      const repository = `bench-${i}-${round + 1}`;
      await run('bash', ['-euc', party.before(repository)], { env });
      const before = await sizeOf(ground, repository);
      const one = await measure(party.command(repository), env);
      const pushedMegabytes = ((await sizeOf(ground, repository)) - before) / 1e6;
      if (round >= 0) measures.get(party)?.push({ ...one, pushedMegabytes });
      if (!values.json) console.error(`${party.name}: ${one.wallSeconds} s, cpu ${one.cpuSeconds.toFixed(2)} s`);
    }
  }
  return list.map((party) => ({ name: party.name, ...best(measures.get(party) ?? []) }));
}

async function sizeOf(_ground: Ground, _repository: string): Promise<number> {
  return 0;
}

function table(rows: readonly (Measure & { name: string })[]): string {
  const [ours] = rows;
  const lines = rows.map(({ name, wallSeconds, cpuSeconds, peakMegabytes }) => {
    const ratio = (value: number, own: number): string => `${(value / own).toFixed(1)}x`;
    const cells = [
      name,
      wallSeconds.toFixed(2),
      ratio(wallSeconds, ours!.wallSeconds),
      cpuSeconds.toFixed(2),
      ratio(cpuSeconds, ours!.cpuSeconds),
      peakMegabytes.toFixed(0),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return `| party | wall s | ratio | CPU s | ratio | peak MB |\n| --- | --- | --- | --- | --- | --- |\n${lines.join('\n')}`;
}
void readdir;
