import { describe, expect, it } from 'vitest';
import { expectCode } from '../expect-code.ts';
import { chosenIn, makeIndex, resolveIn } from './make-index.ts';

const GIT = `
git 2.39; Depends: libc6 (>= 2.34), perl, liberror-perl | libother-perl
git 2.47; Suite: backports; Pin: 100; Depends: libc6 (>= 2.40), perl
perl 5.36; Depends: perl-base (= 5.36); Priority: standard
perl-base 5.36; Pre-Depends: libc6 (>= 2.35); Essential: yes; Priority: required
libc6 2.36; Multi-Arch: same
libc6 2.41; Suite: backports; Pin: 100
liberror-perl 0.17; Depends: perl:any
libother-perl 1; Depends: perl
`;

describe('what is installed', () => {
  it('is what is wanted and what that depends on, in the order of dependencies', () => {
    const index = GIT.replace('perl 5.36;', 'perl 5.36; Multi-Arch: allowed;');
    expect(chosenIn({ index }, 'git')).toEqual([
      'libc6=2.36',
      'perl-base=5.36',
      'perl=5.36',
      'liberror-perl=0.17',
      'git=2.39',
    ]);
  });

  it('tells what was asked for from the rest', () => {
    const { install } = resolveIn({ index: GIT }, 'perl');
    expect(install.map(({ candidate, requested }) => [candidate.name, requested])).toEqual([
      ['libc6', false],
      ['perl-base', false],
      ['perl', true],
    ]);
    expect(install[0]).not.toHaveProperty('replaces');
  });

  it('is nothing when all is there', () => {
    const installed = 'perl 5.36; Depends: perl-base\nperl-base 5.36';
    expect(resolveIn({ index: GIT, installed }, 'perl')).toEqual({ install: [], notes: [] });
  });

  it('is the newest version, and a higher pin stands above that', () => {
    expect(chosenIn({ index: 'a 1\na 3; Pin: 100\na 2' }, 'a')).toEqual(['a=2']);
    expect(chosenIn({ index: 'a 1; Pin: 990\na 2' }, 'a')).toEqual(['a=1']);
  });

  it('takes one of two sources that have the same version, the first', () => {
    const { install } = resolveIn({ index: 'a 1; Suite: main\na 1; Suite: security; Pin: 990' }, 'a');
    expect(install.map(({ candidate }) => candidate.suites)).toEqual([['main']]);
  });

  it('never goes back behind what is installed', () => {
    expect(chosenIn({ index: 'a 1; Pin: 990', installed: 'a 2' }, 'a')).toEqual([]);
  });

  it('takes words as they come, more than once too', () => {
    expect(chosenIn({ index: 'a 1\na 2' }, 'a a=1')).toEqual(['a=1']);
    expect(chosenIn({ index: 'g++ 1\na 1; Architecture: amd64' }, 'g++ a:amd64 a:native')).toEqual(['g++=1', 'a=1']);
  });
});

describe('versions and suites that are asked for', () => {
  it('stand above the usual candidate', () => {
    expect(chosenIn({ index: 'a 1\na 2' }, 'a=1')).toEqual(['a=1']);
    expect(chosenIn({ index: 'a 1; Suite: bookworm oldstable\na 2; Suite: sid' }, 'a/oldstable')).toEqual(['a=1']);
  });

  it('draw dependencies from the suite where others do not do', () => {
    expect(chosenIn({ index: GIT }, 'git/backports')).toEqual([
      'libc6=2.41',
      'perl-base=5.36',
      'perl=5.36',
      'git=2.47',
    ]);
  });

  it('are installed over an older one', () => {
    const { install, notes } = resolveIn({ index: 'a 2\na 3', installed: 'a 1' }, 'a=2');
    expect(install).toMatchObject([{ candidate: { version: '2' }, requested: true, replaces: { version: '1' } }]);
    expect(notes).toEqual(['a 1 of the base is upgraded to 2']);
  });
});

describe('alternatives', () => {
  const index = 'a 1; Depends: x | y\nx 1; Depends: none\ny 1\nb 1; Depends: z | y\nz 1';

  it('are tried in their order', () => {
    expect(chosenIn({ index }, 'b')).toEqual(['z=1', 'b=1']);
  });

  it('are skipped when they cannot be installed', () => {
    expect(chosenIn({ index }, 'a')).toEqual(['y=1', 'a=1']);
  });

  it('are met by what is installed or chosen already', () => {
    expect(chosenIn({ index, installed: 'y 1' }, 'b')).toEqual(['b=1']);
    expect(chosenIn({ index }, 'a b')).toEqual(['y=1', 'a=1', 'b=1']);
    expect(chosenIn({ index }, 'b y')).toEqual(['y=1', 'b=1']);
  });

  it('upgrade an installed package rather than install another', () => {
    const upgrade = 'a 1; Depends: x | y (>= 2)\nx 1\ny 2';
    expect(chosenIn({ index: upgrade, installed: 'y 1' }, 'a')).toEqual(['y=2', 'a=1']);
  });

  it('leave nothing behind when they fail halfway', () => {
    const halfway =
      'a 1; Depends: x | y\nx 1; Depends: left, deep\nleft 1\ndeep 1; Depends: deeper\ndeeper 1; Depends: none\ny 1';
    expect(chosenIn({ index: halfway }, 'a')).toEqual(['y=1', 'a=1']);
  });

  it('are not met by what was given up on the way, in circles of dependencies', async () => {
    const circle = 'e 1; Depends: a | d\na 1; Depends: b; Pre-Depends: d\nb 1; Conflicts: a\nd 1; Pre-Depends: a';
    await expectCode(() => resolveIn({ index: circle }, 'e'), 'PACKAGES_CONFLICT');
  });

  it('are weighed again where the first leads to a conflict', () => {
    const conflict = 'a 1; Depends: x | y\nx 1\ny 1\nb 1; Depends: c\nc 1; Conflicts: x';
    expect(chosenIn({ index: conflict }, 'a b')).toEqual(['y=1', 'a=1', 'c=1', 'b=1']);
  });
});

describe('virtual packages', () => {
  it('are taken from the provider of the highest priority, then from the one mentioned last', () => {
    const index =
      'a 1; Depends: mta\nm1 1; Provides: mta\nm2 1; Provides: mta; Priority: standard\nm3 1; Provides: mta';
    expect(chosenIn({ index }, 'a')).toEqual(['m2=1', 'a=1']);
    expect(chosenIn({ index: index.replace('; Priority: standard', '') }, 'a')).toEqual(['m3=1', 'a=1']);
    expect(chosenIn({ index, installed: 'm1 1; Provides: mta' }, 'a')).toEqual(['a=1']);
    expect(chosenIn({ index }, 'a m1')).toEqual(['m1=1', 'a=1']);
  });

  it('prefer what bears the name, then what is essential', () => {
    const index = 'a 1; Depends: awk\nawk 1; Priority: extra\nm 1; Provides: awk; Priority: required';
    expect(chosenIn({ index }, 'a')).toEqual(['awk=1', 'a=1']);
    const essential = 'a 1; Depends: awk\ne 1; Provides: awk; Essential: yes\nm 1; Provides: awk; Priority: required';
    expect(chosenIn({ index: essential }, 'a')).toEqual(['e=1', 'a=1']);
  });

  it('have the version that is written, or none', () => {
    const index = 'a 1; Depends: api (>= 2)\np1 5; Provides: api\np2 5; Provides: api (= 1)\np3 1; Provides: api (= 2)';
    expect(chosenIn({ index }, 'a')).toEqual(['p3=1', 'a=1']);
  });

  it('stand for their one provider', () => {
    const { install, notes } = resolveIn({ index: 'p 1; Provides: api\np 2; Provides: api' }, 'api');
    expect(install).toMatchObject([{ candidate: { name: 'p', version: '2' }, requested: true }]);
    expect(notes).toEqual(['p is installed for api, which it alone provides']);
  });
});

describe('architectures', () => {
  it('are any for packages that allow it', async () => {
    const index = 'a 1; Depends: p:any\np 1; Multi-Arch: allowed\nb 1; Depends: q:any\nq 1; Multi-Arch: foreign';
    expect(chosenIn({ index }, 'a')).toEqual(['p=1', 'a=1']);
    const error = await expectCode(() => resolveIn({ index }, 'b'), 'PACKAGES_CONFLICT');
    expect(error.issues).toEqual(['b (wanted) depends on q:any, but q 1 is all that the sources have']);
  });

  it('of relations are the native one', async () => {
    expect(chosenIn({ index: 'a 1; Depends: b:native, c:amd64\nb 1\nc 1' }, 'a')).toEqual(['b=1', 'c=1', 'a=1']);
    await expectCode(() => resolveIn({ index: 'a 1; Depends: b:i386\nb 1' }, 'a'), 'PACKAGES_CONFLICT');
  });
});

describe('the base', () => {
  it('is upgraded where a dependency needs it, with what depends on it', () => {
    const index =
      'libc6-dev 2; Depends: libc6 (= 2)\nlibc6 2; Source: glibc\nlibc-bin 2; Source: glibc\nlibc-l10n 2; Source: glibc\nother 2';
    const installed = 'libc6 1; Source: glibc\nlibc-bin 1; Source: glibc; Depends: libc6 (<< 2)\nother 1';
    const { install, notes } = resolveIn({ index, installed }, 'libc6-dev');
    expect(install.map(({ candidate, replaces }) => [candidate.name, replaces?.version])).toEqual([
      ['libc6', '1'],
      ['libc6-dev', undefined],
      ['libc-bin', '1'],
    ]);
    expect(notes).toEqual([
      'libc6 1 of the base is upgraded to 2, for libc6-dev 2',
      'libc-bin 1 of the base is upgraded to 2, for libc6 2',
    ]);
  });

  it('keeps packages of one source at one version, as apt does', () => {
    const index = 'a 2; Source: s\nb 2; Source: s\nc 2; Source: t';
    expect(chosenIn({ index, installed: 'a 1; Source: s\nb 1; Source: s\nc 1; Source: t' }, 'a')).toEqual([
      'a=2',
      'b=2',
    ]);
  });

  it('is upgraded when it is in the way', () => {
    const index = 'a 1; Breaks: b (<< 2)\nb 2';
    expect(chosenIn({ index, installed: 'b 1' }, 'a')).toEqual(['b=2', 'a=1']);
  });

  it('never loses a package', async () => {
    const error = await expectCode(
      () => resolveIn({ index: 'a 1; Depends: b\nb 1; Conflicts: c', installed: 'c 3' }, 'a'),
      'PACKAGES_CONFLICT',
    );
    expect(error.issues).toEqual(['a (wanted) depends on b, which conflicts with c 3 of the base']);
  });

  it('keeps what is held', async () => {
    const setting = { index: 'a 1; Depends: b (>= 2)\nb 2', installed: 'b 1' };
    expect(chosenIn(setting, 'a')).toEqual(['b=2', 'a=1']);
    const error = await expectCode(() => resolveIn({ ...setting, held: new Set(['b']) }, 'a'), 'PACKAGES_CONFLICT');
    expect(error.issues).toEqual(['a (wanted) depends on b (>= 2), but b 1 of the base is to stay as it is']);
  });

  it('keeps what is there for another architecture too', async () => {
    const installed = 'b 1; Architecture: amd64; Multi-Arch: same\nb 1; Architecture: i386; Multi-Arch: same';
    const index = 'a 1; Depends: b (>= 2)\nb 2; Architecture: amd64; Multi-Arch: same\nc 1; Depends: b';
    expect(chosenIn({ index, installed }, 'c')).toEqual(['c=1']);
    await expectCode(() => resolveIn({ index, installed }, 'a'), 'PACKAGES_CONFLICT');
  });

  it('is not mended where it is broken already', () => {
    expect(chosenIn({ index: 'a 1\nb 2', installed: 'b 1; Depends: none' }, 'a')).toEqual(['a=1']);
  });

  it('is all that is essential where it is to be made', () => {
    const setting = { index: 'e 1; Essential: yes; Depends: l\nl 1\na 1\nu 1', essential: true };
    expect(resolveIn(setting, 'a').install.map(({ candidate, requested }) => [candidate.name, requested])).toEqual([
      ['a', true],
      ['l', false],
      ['e', false],
    ]);
    expect(chosenIn(setting, '')).toEqual(['l=1', 'e=1']);
  });
});

describe('conflicts', () => {
  it('of a package with itself are none', () => {
    expect(chosenIn({ index: 'a 1; Provides: mta; Conflicts: mta, a' }, 'a')).toEqual(['a=1']);
  });

  it('through what is provided count', async () => {
    const index = 'a 1; Provides: mta; Conflicts: mta\nb 1; Provides: mta';
    const error = await expectCode(() => resolveIn({ index }, 'a b'), 'PACKAGES_CONFLICT');
    expect(error.issues).toEqual([
      'a (wanted) conflicts with b 1 (mta)',
      'b (wanted) cannot be with a 1, which conflicts with mta',
    ]);
  });

  it('with unversioned provisions do not when a version is named', () => {
    expect(chosenIn({ index: 'a 1; Breaks: api (<< 2)\nb 1; Provides: api' }, 'a b')).toEqual(['a=1', 'b=1']);
  });
});

describe('the order', () => {
  it('breaks cycles, but not at Pre-Depends', () => {
    const index = 'a 1; Pre-Depends: b\nb 1; Depends: c\nc 1; Depends: a';
    const order = chosenIn({ index }, 'a');
    expect(order).toHaveLength(3);
    expect(order.indexOf('b=1')).toBeLessThan(order.indexOf('a=1'));
  });

  it('upgrades what is in the way first', () => {
    const index = 'a 1; Conflicts: z (<< 2)\nz 2';
    expect(chosenIn({ index, installed: 'z 1' }, 'a')).toEqual(['z=2', 'a=1']);
  });
});

describe('refusals', () => {
  const index = `${GIT}\ngit-lfs 3\nvirtual-a 1; Provides: thing\nvirtual-b 1; Provides: thing (= 3)`;
  const refuse = (wants: string) =>
    expectCode(() => resolveIn({ index, suites: ['bookworm', 'backports'] }, wants), 'PACKAGE_UNKNOWN');

  it('name what is near', async () => {
    const error = await refuse('gti');
    expect(error.message).toBe('There is no package "gti" among the 9 for amd64 in bookworm, backports');
    expect((await refuse('libc-6')).hint).toBe('Did you mean libc6?');
    expect((await refuse('lfs')).hint).toBe('Did you mean git-lfs?');
    expect((await refuse('nothing-of-the-kind')).hint).toContain('Check the name');
  });

  it('name the versions and suites that there are', async () => {
    const version = await refuse('git=1.0');
    expect([version.message, version.hint]).toEqual([
      'There is no version 1.0 of git',
      'Versions change with the package sources: git has 2.47 (stable), 2.39 (stable).'.replace(
        '2.47 (stable)',
        '2.47 (backports)',
      ),
    ]);
    expect((await refuse('git/sid')).message).toBe('No package source has a suite "sid"');
    expect((await refuse('perl/backports')).message).toBe('There is no perl in backports');
  });

  it('name the providers of a virtual package', async () => {
    const error = await refuse('thing');
    expect(error.message).toBe('"thing" is a virtual package, provided by virtual-a, virtual-b');
    expect(chosenIn({ index }, 'thing=3')).toEqual(['virtual-b=1']);
  });

  it.each([
    ['git-', 'Packages of a base are never removed: start from a base without it.'],
    ['git+', 'Write git.'],
    ['git:arm64', 'Write git: packages are installed for amd64 alone. For arm64, build for that platform.'],
  ])('name what is not supported: %s', async (want, hint) => {
    const error = await expectCode(() => resolveIn({ index }, want), 'NOT_SUPPORTED');
    expect(error.hint).toBe(hint);
  });

  it('of downgrades name both versions', async () => {
    const error = await expectCode(() => resolveIn({ index, installed: 'git 3' }, 'git=2.39'), 'PACKAGES_CONFLICT');
    expect(error.message).toBe('git 3 of the base would be downgraded to 2.39');
  });
});

describe('reasons', () => {
  const reasonsOf = async (index: string, wants: string, installed = ''): Promise<readonly string[]> =>
    (await expectCode(() => resolveIn({ index, installed }, wants), 'PACKAGES_CONFLICT')).issues;

  it('go down to what is in no source', async () => {
    const index = 'git 1; Depends: libcurl3 (>= 7)\nlibcurl3 8; Depends: libssl3, zlib\nzlib 1\nlibssl3 1; Depends: ca';
    expect(await reasonsOf(index, 'git')).toEqual([
      'git (wanted) depends on libcurl3 (>= 7), which depends on libssl3, which depends on ca, but that is in no source',
    ]);
  });

  it('name versions that are too old', async () => {
    expect(await reasonsOf('a 1; Depends: b (>= 2)\nb 1', 'a')).toEqual([
      'a (wanted) depends on b (>= 2), but b 1 is all that the sources have',
    ]);
    expect(await reasonsOf('a 1; Depends: b (>= 2)', 'a', 'b 1')).toEqual([
      'a (wanted) depends on b (>= 2), but b 1 is all that the base has',
    ]);
  });

  it('name versions that something else decides', async () => {
    expect(await reasonsOf('a 1; Depends: b (= 2)\nb 1\nb 2', 'a b=1')).toEqual([
      'a (wanted) depends on b (= 2), but b 1 is to be installed',
    ]);
  });

  it('speak of the first alternative', async () => {
    expect(await reasonsOf('a 1; Depends: b | c\nb 1; Depends: none\nc 1; Conflicts: a', 'a')).toEqual([
      'a (wanted) depends on b | c, but b depends on none, but that is in no source',
    ]);
  });

  it('show both chains to a conflict between dependencies', async () => {
    const index = 'a 1; Depends: x\nb 1; Depends: y\nx 1; Depends: deep\ndeep 1\ny 1; Conflicts: deep';
    expect(await reasonsOf(index, 'a b')).toEqual([
      'b (wanted) depends on y, which conflicts with deep, but a (wanted) depends on x, which depends on deep, which is to be installed',
    ]);
    const either = 'a 1; Depends: x | z\nb 1; Depends: y\nx 1\nz 1; Conflicts: y\ny 1; Conflicts: x';
    expect(await reasonsOf(either, 'a b')).toEqual([
      'a (wanted) depends on x | z, but x cannot be with y 1: b (wanted) depends on y, which is to be installed',
    ]);
  });

  it('list one for each want, and the first in the message', async () => {
    const error = await expectCode(
      () => resolveIn({ index: 'a 1; Depends: x\nb 1; Depends: y' }, 'a b'),
      'PACKAGES_CONFLICT',
    );
    expect(error.issues).toHaveLength(2);
    expect(error.message).toBe(`The Debian packages cannot be installed: ${error.issues[0]}`);
    expect(error.facts).toEqual({ packages: 'a b' });
  });
});

describe('an index', () => {
  it('of tests has what its lines say', () => {
    const index = makeIndex('a 1; Provides: x\nb 2');
    expect([...index.names()]).toEqual(['a', 'b']);
    expect(index.providers('x').map(({ name }) => name)).toEqual(['a']);
  });
});
