// The tree oracle: what a build installs equals what `uv pip install` installs into a venv for the same target; paths, bytes and modes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { falseRecords } from './ground/check-records.ts';
import { compareTrees, describeDifference } from './ground/compare-trees.ts';
import type { AllowedDifference } from './ground/differences.ts';
import { ALLOWED_DIFFERENCES, explain } from './ground/differences.ts';
import { run } from './ground/folder.ts';
import type { InstalledTree, TreeFile } from './ground/installed-tree.ts';
import type { BothTrees, Oracle } from './ground/oracle.ts';
import { createOracle } from './ground/oracle.ts';
import type { Architecture } from './ground/oracle-target.ts';
import {
  COLLIDING,
  HANDMADE_SETS,
  NATIVE,
  ORIGINAL,
  SAME_BUT_FOR_CASE,
  SCRIPT_FOLDER,
  TAMPERED,
} from './oracle-handmade.ts';
import type { OracleSet } from './oracle-sets.ts';
import { ORACLE_SETS } from './oracle-sets.ts';

const SETS = [...HANDMADE_SETS, ...ORACLE_SETS];
/** `e_machine` of ELF files (elf.h). */
const ELF_MACHINES: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 };

let oracle: Oracle;
/** Entries of the list that some set has made use of. */
const met = new Set<AllowedDifference>();

beforeAll(async () => {
  oracle = await createOracle();
});
afterAll(() => oracle?.close());

/** Differences that the list does not have. */
function unexplained({ ours, uvs }: Pick<BothTrees, 'ours' | 'uvs'>): string[] {
  const differences = compareTrees(ours, uvs);
  for (const one of differences.flatMap((difference) => explain(difference) ?? [])) met.add(one);
  return differences.filter((difference) => !explain(difference)).map(describeDifference);
}

const filesOf = (tree: InstalledTree): TreeFile[] => [...tree.values()].filter(({ type }) => type === 'file');

describe('the installed tree equals that of uv pip install', () => {
  it('for at least 25 sets, of all Pythons, libraries and machines', () => {
    expect(ORACLE_SETS.length).toBeGreaterThanOrEqual(25);
    const pythons = new Set(ORACLE_SETS.map(({ target }) => /^3\.\d+/.exec(target.python)?.[0]));
    expect(pythons).toEqual(new Set(['3.11', '3.12', '3.13', '3.14']));
    expect(new Set(ORACLE_SETS.map(({ target }) => target.libc.split(' ')[0]))).toEqual(new Set(['glibc', 'musl']));
    expect(ORACLE_SETS.filter(({ architectures }) => architectures.includes('arm64')).length).toBeGreaterThan(10);
  });

  it.each(SETS.map((set) => [set.nature, set] as const))('%s', async (_nature, set) => {
    const both = await oracle.ask(set);
    expect(both.map(({ architecture }) => architecture)).toEqual(set.architectures);
    for (const { architecture, ours, uvs } of both) {
      expect(unexplained({ ours, uvs })).toEqual([]);
      expect(filesOf(ours).length).toBeGreaterThanOrEqual(set.files);
      expect(set.has.filter((path) => ![...ours.keys()].some((one) => path.test(one)))).toEqual([]);
      expect(falseRecords(ours)).toEqual([]);
      const machines = new Set(filesOf(ours).flatMap(({ machine }) => machine ?? []));
      expect([...machines].filter((machine) => machine !== ELF_MACHINES[architecture])).toEqual([]);
    }
  });

  it('but for differences that all occur', () => {
    expect(ALLOWED_DIFFERENCES.filter((one) => !met.has(one)).map(({ path }) => path)).toEqual([]);
  });
});

describe('the comparison', () => {
  it('tells a changed byte, a changed mode, and paths that only one side has', async () => {
    const [{ ours } = never()] = await oracle.ask(ORIGINAL);
    const site = 'lib/python3.12/site-packages';
    expect(unexplained({ ours, uvs: await oracle.install(TAMPERED) })).toEqual([
      expect.stringMatching(/^bin\/program: ours file 755 \w+, uv's file 755 \w+$/),
      expect.stringMatching(`^${site}/demo-1.0.dist-info/RECORD: ours file 644 \\w+, uv's file 644 \\w+$`),
      expect.stringMatching(`^${site}/demo/byte.py: ours file 644 \\w+, uv's file 644 \\w+$`),
      expect.stringMatching(`^${site}/demo/mode.sh: ours file 755 \\w+, uv's file 644 \\w+$`),
      expect.stringMatching(`^${site}/demo/moved.py: ours nothing, uv's file 644 \\w+$`),
      expect.stringMatching(`^${site}/demo/path.py: ours file 644 \\w+, uv's nothing$`),
    ]);
  });

  it('allows nothing beyond the list', async () => {
    const [{ ours, uvs } = never()] = await oracle.ask(ORIGINAL);
    const info = 'lib/python3.12/site-packages/demo-1.0.dist-info';
    const change = (tree: InstalledTree, path: string, more: Partial<TreeFile>): InstalledTree => {
      const sha256 = `changed ${more.text ?? ''}`;
      return new Map([...tree, [path, { type: 'file', mode: 0o644, ...tree.get(path), sha256, ...more }]]);
    };
    const record = ours.get(`${info}/RECORD`)?.text ?? '';
    const changed: [InstalledTree, InstalledTree][] = [
      [change(ours, 'bin/activate', { text: '' }), uvs],
      [change(ours, 'pyvenv.cfg', { text: 'home = /usr/bin\n' }), uvs],
      [change(ours, `${info}/INSTALLER`, { text: 'pip' }), uvs],
      [change(ours, `${info}/INSTALLER`, { mode: 0o755 }), uvs],
      [change(ours, `${info}/RECORD`, { text: record.replace('sha256=', 'sha256=A') }), uvs],
      [change(ours, `${info}/RECORD`, { text: record.split('\n').toReversed().join('\n') }), uvs],
      [ours, change(uvs, `${info}/direct_url.json`, { text: '{}', mode: 0o600 })],
      [change(ours, 'bin/python', { type: 'symlink', target: '/usr/bin/python3' }), uvs],
      [ours, new Map([...uvs].filter(([path]) => path !== `${info}/REQUESTED`))],
    ];
    expect(changed.map(([own, other]) => unexplained({ ours: own, uvs: other }).length)).toEqual(changed.map(() => 1));
  });

  it('holds for a real interpreter, and a venv that really is at /opt/venv', async () => {
    const version = (await run('python3', ['-c', 'import platform; print(platform.python_version())'])).trim();
    const set: OracleSet = {
      nature: "this host's own Python",
      target: { python: version, libc: 'glibc 2.36' },
      architectures: [process.arch === 'arm64' ? 'arm64' : 'amd64'],
      packages: ['docutils==0.16', 'greenlet==3.1.1', 'markupsafe==3.0.2', 'pip==24.3.1', 'ruff==0.8.4'],
      files: 0,
      has: [],
    };
    const [{ ours } = never()] = await oracle.ask(set);
    const uvs = await oracle.installReally(set);
    expect(filesOf(uvs).length).toBeGreaterThan(700);
    // The host's interpreter lies elsewhere than the base's.
    const others = unexplained({ ours, uvs }).filter((one) => !/^(?:bin\/python|pyvenv\.cfg): /.test(one));
    expect(others).toEqual([]);
  });

  it('notices a RECORD that does not tell the truth', async () => {
    const [{ ours } = never()] = await oracle.ask(ORIGINAL);
    const [path, file] = [...ours].find(([one]) => one.endsWith('byte.py')) ?? never();
    expect(falseRecords(new Map([...ours, [path, { ...file, sha256: '00' }]]))).toEqual([
      `${path} is not what its line says`,
    ]);
    expect(falseRecords(new Map([...ours, ['bin/other', file]]))).toEqual(['bin/other is not listed']);
    expect(falseRecords(new Map([...ours].filter(([one]) => one !== path)))).toEqual([`${path} is not there`]);
  });
});

describe('where uv answers otherwise', () => {
  it('two packages with different files at one path are refused, both named', async () => {
    const { status, stderr } = await oracle.build(COLLIDING);
    expect(status, stderr).toBe(1);
    expect(stderr.replace(/\s+/g, ' ')).toMatch(
      /both\.py cannot be made: first and second both want it.*PATH_CONFLICT/,
    );
    const uvs = await oracle.install(COLLIDING);
    expect(uvs.get('lib/python3.12/site-packages/both.py')?.text).toMatch(/^of (?:first|second)$/);
  });

  it('names that differ by case only are refused', async () => {
    const { status, stderr } = await oracle.build(SAME_BUT_FOR_CASE);
    expect(status, stderr).toBe(1);
    expect(stderr).toContain('WHEEL_INVALID');
    const uvs = await oracle.install(SAME_BUT_FOR_CASE);
    expect([...uvs.keys()].filter((path) => /site-packages\/name\.py$/i.test(path))).toHaveLength(2);
  });

  it('folders among scripts are installed', async () => {
    const { status, stderr } = await oracle.build(SCRIPT_FOLDER);
    expect(status, stderr).toBe(0);
    await expect(oracle.install(SCRIPT_FOLDER)).rejects.toThrow(/invalid entry \(directory\) in the `scripts`/);
  });

  it('a wheel for Linux as such comes before one for manylinux', async () => {
    const [{ ours, uvs } = never()] = await oracle.ask(NATIVE);
    const chosen = [ours, uvs].map((tree) => tree.get('lib/python3.12/site-packages/choice.py')?.text);
    expect(chosen).toEqual(['of this machine', 'for manylinux']);
  });
});

function never(): never {
  throw new Error('the set gave no tree');
}
