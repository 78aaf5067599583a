import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/error.ts';
import { chooseWheels } from '../../src/python/choose-wheels.ts';
import type { Interpreter } from '../../src/python/interpreter.ts';
import type { Lock } from '../../src/python/lock.ts';
import { parsePylock } from '../../src/python/pylock.ts';
import type { Requirements as AllRequirements } from '../../src/python/requirements.ts';
import { expectCode } from '../expect-code.ts';
import { interpreterOf } from './targets.ts';

type Requirements = Omit<AllRequirements, 'question'>;

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const COMMIT = 'c'.repeat(40);
const INTERPRETER = interpreterOf('3.12.1');

const wheel = (filename: string, more = ''): string =>
  `{ url = "https://index.example/files/${filename}", hashes = { sha256 = "${A}" }${more} }`;

/** A lock of one package `demo 1.0` with these fields. */
const demo = (fields: string, head = ''): string =>
  `lock-version = "1.0"\n${head}\n[[packages]]\nname = "Demo"\nversion = "1.0"\n${fields}`;

const wanting = (more: Partial<Requirements> = {}): Requirements => ({
  files: [],
  folders: [],
  archives: [],
  indexes: [],
  requested: new Set(),
  sources: new Set(),
  hasNameless: false,
  hashes: new Map(),
  requireHashes: false,
  indexUrls: [],
  ...more,
});

const choose = (text: string, requirements?: Requirements, interpreter: Interpreter = INTERPRETER): Lock =>
  chooseWheels(parsePylock(text, 'lock'), { interpreter, file: '/app/pylock.toml', what: 'The lock', requirements });

const refused = async (text: string, code: ErrorCode, words: RegExp, requirements?: Requirements) => {
  const error = await expectCode(() => choose(text, requirements), code);
  expect(error.message).toMatch(words);
  expect(error.hint).toBeDefined();
  return error;
};

describe('from a lock', () => {
  it('the best wheel of each package that is meant for the target is taken', () => {
    const lock = choose(`lock-version = "1.0"
      [[packages]]
      name = "Zope.Thing"
      version = "1.0"
      wheels = [
        ${wheel('zope_thing-1.0-py3-none-any.whl')},
        ${wheel('zope_thing-1.0-cp312-cp312-manylinux_2_17_x86_64.whl', ', size = 7')},
        ${wheel('zope_thing-1.0-cp312-cp312-manylinux_2_99_x86_64.whl')},
        ${wheel('zope_thing-1.0-cp312-cp312-win_amd64.whl')},
      ]
      [[packages]]
      name = "only-windows"
      version = "1.0"
      marker = "sys_platform == 'win32'"
      wheels = []
      [[packages]]
      name = "a"
      version = "2"
      marker = "python_version >= '3.12'"
      wheels = [${wheel('a-2-py3-none-any.whl')}]`);
    expect(lock.wheels).toEqual([
      expect.objectContaining({ name: 'a', version: '2', requested: true }),
      {
        name: 'zope-thing',
        version: '1.0',
        filename: 'zope_thing-1.0-cp312-cp312-manylinux_2_17_x86_64.whl',
        url: 'https://index.example/files/zope_thing-1.0-cp312-cp312-manylinux_2_17_x86_64.whl',
        digest: `sha256:${A}`,
        size: 7,
        requested: true,
      },
    ]);
  });

  it('the wheels of default groups are taken', () => {
    const lock = (groups: string): string =>
      demo(`marker = "'dev' in dependency_groups"\nwheels = [${wheel('demo-1.0-py3-none-any.whl')}]`, groups);
    expect(choose(lock('default-groups = ["dev"]')).wheels).toHaveLength(1);
    expect(choose(lock('')).wheels).toHaveLength(0);
  });

  it('what was asked for is told from what others need', () => {
    const text = demo(`wheels = [${wheel('demo-1.0-py3-none-any.whl')}]`);
    const asked = (...names: string[]) => choose(text, wanting({ requested: new Set(names) })).wheels[0]?.requested;
    expect([asked('demo'), asked('other')]).toEqual([true, false]);
  });

  it.each([
    [
      'a path beside the lock',
      'path = "wheels/demo-1.0-py3-none-any.whl"',
      'file:///app/wheels/demo-1.0-py3-none-any.whl',
    ],
    ['a URL of a local file', 'url = "file:///srv/demo-1.0-py3-none-any.whl"', 'file:///srv/demo-1.0-py3-none-any.whl'],
    [
      'a URL with credentials, query and fragment',
      'url = "https://me:pw@index.example/demo-1.0-py3-none-any.whl?sig=1#sha256=00"',
      'https://me:pw@index.example/demo-1.0-py3-none-any.whl?sig=1',
    ],
    [
      'a URL that names no file',
      'name = "demo-1.0-py3-none-any.whl"\nurl = "https://index.example/1"',
      'https://index.example/1',
    ],
  ])('a wheel may be named by %s', (_name, place, url) => {
    const [fields, hashes] = [place.replaceAll('\n', ', '), `hashes = { sha256 = "${A.toUpperCase()}" }`];
    const lock = choose(demo(`wheels = [{ ${fields}, ${hashes} }]`));
    expect(lock.wheels[0]).toMatchObject({ url, filename: 'demo-1.0-py3-none-any.whl', digest: `sha256:${A}` });
    expect(lock.wheels[0]).not.toHaveProperty('directUrl');
  });

  it('a wheel that came by its own URL keeps it, without credentials (PEP 610)', () => {
    const url = 'https://me:pw@index.example/demo-1.0-py3-none-any.whl';
    expect(choose(demo(`archive = { url = "${url}", hashes = { sha256 = "${A}" } }`)).wheels[0]).toMatchObject({
      url,
      directUrl: {
        url: 'https://index.example/demo-1.0-py3-none-any.whl',
        archive_info: { hashes: { sha256: A } },
      },
    });
  });

  it('only wheels with one of the hashes that bind the user are taken', () => {
    const text = demo(`wheels = [
      { url = "https://index.example/demo-1.0-cp312-cp312-linux_x86_64.whl", hashes = { sha256 = "${B}" } },
      ${wheel('demo-1.0-py3-none-any.whl')},
    ]`);
    const digestWith = (hash: string) =>
      choose(text, wanting({ hashes: new Map([['demo', new Set([`sha256:${hash}` as const])]]) })).wheels[0]?.digest;
    expect([digestWith(A), digestWith(B)]).toEqual([`sha256:${A}`, `sha256:${B}`]);
  });

  it('nothing is taken when nothing is in it', () => {
    expect(choose('lock-version = "1.0"\npackages = []').wheels).toEqual([]);
  });
});

describe('where no wheel fits, the source is taken', () => {
  const sdist = `sdist = { url = "https://index.example/demo-1.0.tar.gz", size = 7, hashes = { sha256 = "${B}" } }`;
  const sourcesOf = (fields: string, requirements?: Requirements) => choose(demo(fields), requirements).sources;

  it('an archive, by its digest', () => {
    const wheels = `wheels = [${wheel('demo-1.0-cp39-cp39-win_amd64.whl')}]\n`;
    expect(sourcesOf(wheels + sdist)).toEqual([
      {
        name: 'demo',
        version: '1.0',
        from: {
          kind: 'sdist',
          filename: 'demo-1.0.tar.gz',
          url: 'https://index.example/demo-1.0.tar.gz',
          digest: `sha256:${B}`,
          size: 7,
        },
        requested: true,
      },
    ]);
    expect(choose(demo(`wheels = [${wheel('demo-1.0-py3-none-any.whl')}]\n${sdist}`)).sources).toEqual([]);
  });

  it('the archive too, when only it has one of the hashes that bind the user', async () => {
    const text = `wheels = [${wheel('demo-1.0-py3-none-any.whl')}]\n${sdist}`;
    const allow = (hex: string) => wanting({ hashes: new Map([['demo', new Set([`sha256:${hex}` as const])]]) });
    expect(sourcesOf(text, allow(B))).toMatchObject([{ from: { digest: `sha256:${B}` } }]);
    await refused(demo(text), 'DIGEST_MISMATCH', /No fitting file of Demo 1\.0/, allow('c'.repeat(64)));
  });

  it('the commit of a repository, whose record has no credentials', () => {
    const vcs = `vcs = { type = "git", url = "https://me:token@git.example/demo", requested-revision = "main", commit-id = "${COMMIT}", subdirectory = "py" }`;
    const requirements = wanting({ hasNameless: true });
    expect(sourcesOf(vcs, requirements)).toEqual([
      {
        name: 'demo',
        version: '1.0',
        from: { kind: 'git', url: 'https://me:token@git.example/demo', commit: COMMIT, subdirectory: 'py' },
        requested: true,
        directUrl: {
          url: 'https://git.example/demo',
          vcs_info: { vcs: 'git', requested_revision: 'main', commit_id: COMMIT },
          subdirectory: 'py',
        },
      },
    ]);
    expect(sourcesOf(vcs, wanting())).toMatchObject([{ requested: false }]);
  });

  it('an archive by its own URL, and a repository of this host without a record of it', () => {
    const archive = `archive = { url = "https://me@files.example/demo-1.0.tar.gz", hashes = { sha256 = "${A}" } }`;
    expect(sourcesOf(archive)).toMatchObject([
      { directUrl: { url: 'https://files.example/demo-1.0.tar.gz', archive_info: { hashes: { sha256: A } } } },
    ]);
    const [local] = sourcesOf(`vcs = { type = "git", url = "file:///srv/demo", commit-id = "${COMMIT}" }`);
    expect(local).not.toHaveProperty('directUrl');
  });

  it('and it is part of what a lock is', () => {
    const digests = [A, B].map((hex) => choose(demo(sdist.replace(B, hex))).digest);
    expect(new Set([...digests, choose(demo(`wheels = [${wheel('demo-1.0-py3-none-any.whl')}]`)).digest]).size).toBe(3);
  });
});

describe('a project of the host', () => {
  it('is a source by its path from the lock, and has no record of where it was', () => {
    const text = demo('directory = { path = "../libs/demo", editable = true, subdirectory = "py" }');
    expect(choose(text).sources).toEqual([
      {
        name: 'demo',
        version: '1.0',
        from: { kind: 'folder', path: '/libs/demo', subdirectory: 'py' },
        requested: true,
      },
    ]);
    expect(choose(text, wanting({ hasNameless: true })).sources[0]!.requested).toBe(true);
    expect(choose(text, wanting()).sources[0]!.requested).toBe(false);
  });

  it('has no hash that could bind', async () => {
    const text = demo('directory = { path = "." }');
    await refused(text, 'REQUIREMENTS_INVALID', /Demo is needed, but has no hash/, wanting({ requireHashes: true }));
  });
});

describe('extras and groups of a lock', () => {
  const text = `lock-version = "1.0"
extras = ["CLI"]
dependency-groups = ["prod", "docs"]
default-groups = ["base"]
${[
  ['always', ''],
  ['cli', "'cli' in extras"],
  ['base', "'base' in dependency_groups"],
  ['prod', "'Prod' in dependency_groups"],
]
  .map(
    ([name, marker]) =>
      `[[packages]]\nname = "${name}"\nversion = "1.0"\n${marker ? `marker = "${marker}"` : ''}\nwheels = [${wheel(`${name}-1.0-py3-none-any.whl`)}]`,
  )
  .join('\n')}`;
  const pick = (extras: string[], groups: string[]): string[] =>
    chooseWheels(parsePylock(text, 'lock'), {
      interpreter: INTERPRETER,
      file: '/app/pylock.toml',
      what: 'The lock',
      requirements: undefined,
      selection: { extras, groups },
    }).wheels.map(({ name }) => name);

  it('are added to what it installs without a word', () => {
    expect(pick([], [])).toEqual(['always', 'base']);
    expect(pick(['cli'], ['prod'])).toEqual(['always', 'base', 'cli', 'prod']);
  });

  it('must be among its own', async () => {
    const error = await expectCode(() => pick(['clu'], []), 'REQUIREMENTS_INVALID');
    expect(error.hint).toBe('Did you mean "cli"?');
    await expectCode(() => pick([], ['base']), 'REQUIREMENTS_INVALID');
  });
});

describe('a lock is refused', () => {
  it.each([
    ['requires-python = ">=3.13"', /The lock wants Python >=3\.13, the image has Python 3\.12\.1 on x86_64/],
    [`environments = ["sys_platform == 'darwin'"]`, /is for other environments \(sys_platform == 'darwin'\)/],
  ])('that is for another target: %s', async (head, words) => {
    await refused(demo(`wheels = [${wheel('demo-1.0-py3-none-any.whl')}]`, head), 'UNRESOLVABLE', words);
  });

  it('whose package has no wheel for the target, with those it has', async () => {
    const files = [
      'win_amd64',
      'win32',
      'macosx_11_0_arm64',
      'manylinux_2_17_aarch64',
      'musllinux_1_2_x86_64',
      'any_x',
    ];
    const wheels = files.map((platform) => wheel(`demo-1.0-cp312-cp312-${platform}.whl`)).join(',\n');
    const error = await refused(
      demo(`wheels = [${wheels}]`),
      'NO_WHEEL',
      /^Demo 1\.0 has no wheel for Python 3\.12\.1 on x86_64/,
    );
    expect(error.hint).toMatch(/^It has wheels for cp312-cp312-win_amd64, .*musllinux_1_2_x86_64, …\./);
  });

  it('whose package has no files', async () => {
    const error = await refused(demo(''), 'NO_WHEEL', /Demo 1\.0 has no wheel/);
    expect(error.hint).toContain('It has no files at all.');
  });

  it('whose package wants another Python', async () => {
    const text = demo(`requires-python = "<3.12"\nwheels = [${wheel('demo-1.0-py3-none-any.whl')}]`);
    const error = await refused(text, 'NO_WHEEL', /Demo 1\.0 has no wheel/);
    expect(error.hint).toContain('It wants Python <3.12.');
  });

  it.each([
    ['vcs = { type = "hg", url = "https://hg.example/demo", commit-id = "00" }', 'NOT_SUPPORTED', /repository of hg/],
    [
      'vcs = { type = "git", url = "https://git.example/demo", commit-id = "main" }',
      'REQUIREMENTS_INVALID',
      /no commit/,
    ],
    [`vcs = { type = "git", path = "../demo", commit-id = "${COMMIT}" }`, 'REQUIREMENTS_INVALID', /no URL/],
    ['archive = { url = "https://index.example/demo-1.0.zip", hashes = {} }', 'REQUIREMENTS_INVALID', /no sha256/],
  ] as const)('whose source is not to be had: %s', async (source, code, words) => {
    await refused(demo(source), code, words);
  });

  it('whose wheels have none of the hashes that bind the user', async () => {
    const text = demo(`wheels = [${wheel('demo-1.0-py3-none-any.whl')}]`);
    const hashes = new Map([['demo', new Set([`sha256:${B}` as const])]]);
    await refused(text, 'DIGEST_MISMATCH', /No fitting file of Demo 1\.0 has one of the hashes/, wanting({ hashes }));
    const requireHashes = wanting({ requireHashes: true });
    await refused(text, 'REQUIREMENTS_INVALID', /Demo 1\.0 is needed, but has no hash/, requireHashes);
  });

  it.each([
    [
      'without a sha256',
      `{ url = "https://index.example/demo-1.0-py3-none-any.whl", hashes = { md5 = "00" } }`,
      /gives no sha256 for demo-1\.0/,
    ],
    [
      'of a short sha256',
      `{ url = "https://index.example/demo-1.0-py3-none-any.whl", hashes = { sha256 = "00" } }`,
      /gives no sha256/,
    ],
    ['of another package', wheel('evil-1.0-py3-none-any.whl'), /names evil-1\.0-py3-none-any\.whl under Demo/],
    [
      'at a URL that nobody can open',
      `{ url = "ftp://me:pw@index.example/demo-1.0-py3-none-any.whl", hashes = { sha256 = "${A}" } }`,
      /"ftp:\/\/\*\*\*@index\.example\/demo-1\.0-py3-none-any\.whl", which is no URL/,
    ],
    [
      'in a file of another host',
      `{ url = "file://host/demo-1.0-py3-none-any.whl", hashes = { sha256 = "${A}" } }`,
      /which is no URL of http, https or a local file/,
    ],
  ])('with a wheel %s', async (_name, file, words) => {
    await refused(demo(`wheels = [${file}]`), 'REQUIREMENTS_INVALID', words);
  });

  it('in which two entries of a package apply', async () => {
    const entry = `wheels = [${wheel('demo-1.0-py3-none-any.whl')}]`;
    const text = `${demo(entry)}\n[[packages]]\nname = "demo"\nversion = "1.0"\n${entry}`;
    await refused(text, 'REQUIREMENTS_INVALID', /two entries for demo that both apply/);
  });
});
