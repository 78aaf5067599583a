import { describe, expect, it } from 'vitest';
import { parsePylock } from '../../src/python/pylock.ts';
import { expectCode } from '../expect-code.ts';

const WHAT = 'The lock file /app/pylock.toml';

const refused = async (text: string) => {
  const error = await expectCode(() => parsePylock(text, WHAT), 'REQUIREMENTS_INVALID');
  expect(error.message.startsWith(WHAT)).toBe(true);
  expect(error.hint).toContain('PEP 751');
  return error;
};

describe('a lock file', () => {
  it('is read in the parts that installing needs', () => {
    const text = `
      lock-version = "1.0"
      created-by = "a tool"
      requires-python = ">=3.9"
      environments = ["sys_platform == 'linux'"]
      default-groups = ["dev"]
      unknown-field = true
      [[packages]]
      name = "idna"
      version = "3.10"
      marker = "python_version > '3'"
      dependencies = [{ name = "x" }]
      [[packages.wheels]]
      url = "https://index.example/idna-3.10-py3-none-any.whl"
      size = 70442
      upload-time = 2024-09-15T18:07:37Z
      hashes = { sha256 = "946d" }
      [[packages]]
      name = "from-archive"
      archive = { path = "x.whl", hashes = { sha256 = "00" } }
      [[packages]]
      name = "from-source"
      sdist = { url = "https://index.example/x.tar.gz", hashes = { sha256 = "00" } }`;
    expect(parsePylock(text, WHAT)).toMatchObject({
      'requires-python': '>=3.9',
      environments: ["sys_platform == 'linux'"],
      'default-groups': ['dev'],
      packages: [
        { name: 'idna', version: '3.10', wheels: [{ size: 70_442, hashes: { sha256: '946d' } }] },
        { name: 'from-archive', archive: { path: 'x.whl' }, wheels: [] },
        { name: 'from-source', wheels: [] },
      ],
    });
  });

  it('may be of a newer minor version, and empty', () => {
    expect(parsePylock('lock-version = "1.7"\npackages = []', WHAT)).toEqual({
      'lock-version': '1.7',
      environments: [],
      extras: [],
      'dependency-groups': [],
      'default-groups': [],
      packages: [],
    });
  });

  it.each(['2.0', '0.9', '10.0', '1', 'one'])('is refused in version %s', async (version) => {
    const error = await refused(`lock-version = "${version}"\nnew-shape = true`);
    expect(error.message).toContain(`has the lock version ${version}, only 1 is known`);
  });

  it('is refused when it is no TOML, with the line', async () => {
    const error = await refused('lock-version = "1.0"\npackages = [\n{ name = }\n]');
    expect(error.message).toMatch(/is not TOML at line 3: \S/);
    expect(error.message).not.toContain('\n');
  });

  it('is refused in another shape, with all places and the names of packages', async () => {
    const error = await refused(`
      lock-version = "1.0"
      environments = "all"
      [[packages]]
      name = "fine"
      [[packages]]
      name = "idna"
      wheels = [{ url = "https://index.example/x.whl", size = -1 }]
      [[packages]]
      version = "1"`);
    expect(error.issues).toEqual([
      expect.stringMatching(/^environments: /),
      expect.stringMatching(/^packages\[1\]\.wheels\[0\]\.size of idna: /),
      expect.stringMatching(/^packages\[1\]\.wheels\[0\]\.hashes of idna: /),
      expect.stringMatching(/^packages\[2\]\.name: /),
    ]);
    expect(error.message).toContain(error.issues[0]);
  });

  it.each(['', 'packages = []', 'lock-version = 1.0\npackages = []'])(
    'is refused without version: %j',
    async (text) => {
      await refused(text);
    },
  );
});
