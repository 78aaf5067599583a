// What our resolver chooses beside what apt-get chooses, from the package lists that this machine's apt has.
import { readFile } from 'node:fs/promises';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PackageVersion } from '../../src/deb/package.ts';
import { resolvePackages } from '../../src/apt/resolve.ts';
import { parseWant } from '../../src/apt/want.ts';
import type { AptLists } from './ground/apt-oracle.ts';
import { APT_SETS, CONFIGURED_SETS } from './ground/apt-sets.ts';
import { askApt, compareWithApt, debianArchitecture, readAptLists, readStatus } from './ground/apt-oracle.ts';

/** Compilers, daemons, or-groups, virtual packages, versioned provisions, deep trees. */
const SETS = [
  'git curl ca-certificates',
  'build-essential',
  'python3-pip python3-venv',
  'ffmpeg',
  'libgl1 libglib2.0-0',
  'nginx',
  'postgresql-client libpq-dev',
  'default-jre-headless',
  'emacs vim',
  'exim4 mailutils',
  'texlive-latex-base',
  'cowsay hello figlet sl',
];

/** What images from nothing get besides. */
const ALWAYS = 'base-files base-passwd';
const IMAGES = [...APT_SETS, ...CONFIGURED_SETS].map(({ packages }) => packages.join(' '));

let lists: AptLists;
let architecture: string;

beforeAll(async () => {
  architecture = await debianArchitecture();
  lists = await readAptLists(architecture);
});

async function compare(wants: string, status: string): Promise<string[]> {
  const installed: PackageVersion[] = readStatus(await readFile(status, 'utf8'), architecture);
  const words = wants.split(' ');
  const apt = await askApt(words, status);
  expect(apt.install?.size, apt.text).toBeDefined();
  const request = { wants: words.map(parseWant), ...lists, installed, architecture, essential: false };
  return compareWithApt(resolvePackages(request), apt.install ?? new Map());
}

async function compareFromNothing(wants: string): Promise<string[]> {
  const status = join(await temporaryFolder(), 'status');
  await writeFile(status, '');
  return compare(wants, status);
}

describe('an image from nothing has the packages of apt-get', () => {
  it.concurrent.each(IMAGES)('with %s', async (wants) => {
    expect(await compareFromNothing(`${wants} ${ALWAYS}`)).toEqual([]);
  });
});

describe.each(SETS)('%s', (wants) => {
  it('is resolved as by apt-get, from nothing', async () => {
    expect(await compareFromNothing(wants)).toEqual([]);
  });

  it('is resolved as by apt-get, on this machine', async () => {
    expect(await compare(wants, '/var/lib/dpkg/status')).toEqual([]);
  });
});
