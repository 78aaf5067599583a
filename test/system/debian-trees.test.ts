// Sets of Debian packages on Debian bases and on nothing: choice, tree and database beside what apt leaves, and the programs themselves.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import type { AptBase } from './ground/apt-sets.ts';
import { APT_SETS, BASES_OF_SETS, CONFIGURED_SETS } from './ground/apt-sets.ts';
import { createAptOracle } from './ground/apt-trees.ts';
import type { DebianDifference } from './ground/debian-differences.ts';
import { DEBIAN_DIFFERENCES, differencesToApt } from './ground/debian-differences.ts';
import { certificates } from './ground/environment.ts';
import { GROUND } from './ground/folder.ts';
import { baseLayout, ourTree } from './ground/our-tree.ts';
import type { TlsServer } from './ground/tls-server.ts';
import { startTlsServer } from './ground/tls-server.ts';

const oracle = createAptOracle();
const used = new Set<DebianDifference>();
const folders = new Map<AptBase, string>();
let place: string;
let server: TlsServer;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'imagespec-debian-'));
  for (const base of BASES_OF_SETS) {
    const folder = join(place, base);
    await mkdir(folder);
    if (base !== 'scratch') await baseLayout(folder, base);
    folders.set(base, folder);
  }
  server = await startTlsServer(place);
});

afterAll(async () => {
  server.close();
  await rm(place, { recursive: true, force: true });
});

/** dpkg and apt of the image itself judge, or the machine's apt where it has none; then its programs run, in the tree that engines would make of the layers. */
const JUDGE = `cp "$CA_FILE" "$ROOT/tmp/ca.pem"
mountpoint -q "$ROOT/proc" || mount -t proc proc "$ROOT/proc"
test -c "$ROOT/dev/null" || mount --rbind /dev "$ROOT/dev"
echo "audit:$(inside dpkg --audit)"
echo "check:$(apt_get check -qq 2>&1)"
echo "verify:$(inside dpkg --verify | grep -vE "$EXCLUDED" || true)"
echo "states:$(inside dpkg-query -W -f '\${db:Status-Status}\\n' | sort -u)"
inside env SERVER="$SERVER" CA=/tmp/ca.pem sh -euc "$SMOKE" 2>&1 </dev/null
`;

/** What bases leave out by settings of dpkg, which misses it. */
const EXCLUDED: Readonly<Record<AptBase, string>> = {
  'bookworm-amd64': ' /usr/share/(doc|man|locale)/',
  'trixie-amd64': ' /usr/share/(doc|man|locale)/',
  scratch: '^$',
};

describe.each(BASES_OF_SETS)('on %s', (base) => {
  const sets = APT_SETS.filter(({ bases }) => bases.includes(base));

  it.concurrent.each(sets)('$packages', async ({ packages, smoke, says }) => {
    const root = await oracle.root(base);
    // Bases have python3, with which some programs are tried.
    const isTried =
      base !== 'scratch' || packages.some((name) => name.startsWith('python3-')) || !smoke.includes('python3');
    const script = root.apt + judge({ EXCLUDED: EXCLUDED[base], SMOKE: isTried ? smoke : ':' });
    const [theirs, ours] = await Promise.all([
      oracle.tree(base, packages),
      ourTree(folders.get(base)!, root, packages, { script }),
    ]);
    expect(ours.packages).toEqual(theirs.packages);
    expect(ours.warnings).toEqual([]);
    expect(differencesToApt(ours.tree, theirs.tree, used)).toEqual([]);
    expect(ours.said).toMatch(/^audit:\ncheck:\nverify:\nstates:installed\n/);
    expect(ours.said).toMatch(/^exit:0$/m);
    if (isTried) expect(ours.said).toMatch(says);
  });
});

function judge(more: Readonly<Record<string, string>>): string {
  const variables = { SERVER: server.url, CA_FILE: server.certificate, ...more };
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  return lines.join('') + JUDGE;
}

describe('sets that dpkg configures in the sandbox', () => {
  const sets = CONFIGURED_SETS.flatMap((set) => set.bases.map((base) => ({ ...set, base })));

  it.each(sets)('$packages on $base', async ({ packages, base, needs }) => {
    const root = await oracle.root(base);
    const script = root.apt + judge({ EXCLUDED: EXCLUDED[base], SMOKE: ':' });
    const theirs = await oracle.tree(base, packages);
    const ours = await ourTree(folders.get(base)!, root, packages, { script });
    expect(ours.packages).toEqual(theirs.packages);
    expect(ours.warnings).toEqual([]);
    expect(ours.contents.filter((one) => one.startsWith('configured in the sandbox: '))).toEqual([
      expect.stringMatching(new RegExp(`[ ]${needs}(?:,|$)`)),
    ]);
    expect(differencesToApt(ours.tree, theirs.tree, used)).toEqual([]);
    expect(ours.said).toMatch(/^audit:\ncheck:\nverify:\nstates:installed\n/);
  });

  it('can be had unpacked, which their status says', async () => {
    const [{ packages, needs } = { packages: [], needs: '' }] = CONFIGURED_SETS;
    const root = await oracle.root('bookworm-amd64');
    const ours = await ourTree(folders.get('bookworm-amd64')!, root, packages, { more: { apt_configure: 'never' } });
    expect(ours.warnings.join('\n')).toContain(`${needs} is left unpacked, not configured`);
    expect(ours.tree.get('var/lib/dpkg/status')?.text).toMatch(
      new RegExp(`^Package: ${needs}\\nStatus: install ok unpacked$`, 'm'),
    );
  });
});

describe('the table of differences', () => {
  it('holds nothing that no set needs', () => {
    expect(DEBIAN_DIFFERENCES.filter((rule) => !used.has(rule)).map(({ path }) => path)).toEqual([]);
  });

  it('is asked by a comparison that sees differences', async () => {
    const { tree } = await oracle.tree('bookworm-amd64', ['tini']);
    const changed = new Map(tree);
    changed.set('usr/bin/tini', { ...tree.get('usr/bin/tini')!, mode: 0o700 });
    changed.delete('usr/bin/tini-static');
    changed.set('usr/bin/other', tree.get('usr/bin/tini')!);
    expect(differencesToApt(changed, tree, new Set())).toEqual([
      '/usr/bin/other: only ours',
      '/usr/bin/tini: mode 448, not 493',
      '/usr/bin/tini-static: only apt’s',
    ]);
  });
});

it('needs no apt for what it knows', async () => {
  const cwd = join(folders.get('bookworm-amd64')!, 'jq');
  const options = { cwd, cache: join(GROUND, 'imagespec-cache'), env: certificates() };
  const { status, stderr } = await runCli(['build', '--offline', '--frozen', '-o', 'oci:again'], options);
  expect(status, stderr).toBe(0);
});
