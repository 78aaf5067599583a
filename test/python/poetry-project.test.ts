import { describe, expect, it } from 'vitest';
import { expectCode } from '../expect-code.ts';
import { contentHashes, parsePoetryProject } from '../../src/python/poetry-project.ts';

const STANDARD = `[project]
name = "demo"
version = "1.0"
requires-python = ">=3.10,<4"
dependencies = ["idna==3.10", "colorama==0.4.6; sys_platform == 'win32'", "loc"]
[project.optional-dependencies]
cli = ["click>=8"]
[dependency-groups]
dev = ["iniconfig", {include-group = "docs"}]
docs = ["six"]
[tool.poetry]
package-mode = false
[tool.poetry.dependencies]
loc = { path = "local", develop = true }
[tool.poetry.group.late]
optional = true
[tool.poetry.group.late.dependencies]
markupsafe = "^3"
`;

const LEGACY = `[tool.poetry]
name = "demo"
version = "1.0"
description = "ü"
[tool.poetry.dependencies]
python = "^3.9"
idna = "^3.4"
requests = {version = "~2.32", extras = ["socks"]}
numpy = [{version = "<2", python = "<3.10"}, {version = "^2.0", python = ">=3.10"}]
colorama = {version = "*", markers = "sys_platform == 'win32'"}
click = {version = ">=8,<9", optional = true}
"ünï-😀" = {version = "1.0", allow-prereleases = true, n = 3, f = 1.0, g = 0.25, e = "a\\"\\\\\\n\\u007f"}
[tool.poetry.extras]
cli = ["click"]
[tool.poetry.group.dev.dependencies]
iniconfig = "*"
[[tool.poetry.source]]
name = "corp"
url = "https://index.example/simple/"
priority = "primary"
`;

describe('the content hash of a project', () => {
  // As poetry 2.5.1 computes them (Locker._get_content_hash), with dependency groups and without.
  it.each([
    [
      '[project] and groups',
      STANDARD,
      '245e4bd6c04118f62d94c120dfcfb2f9030575f3c0e78a761ecb2cc31c2ce217',
      'b2d11f2be09ad9ffb1b5046ca9ce023fc9a36ce27e7bfd33d3021cfd1d29f596',
    ],
    [
      '[tool.poetry] alone',
      LEGACY,
      'c396f02d20ee528a0221fe6a53c9d685597ac32fb7e41fe8d645d37b82a0d2b3',
      'c396f02d20ee528a0221fe6a53c9d685597ac32fb7e41fe8d645d37b82a0d2b3',
    ],
    [
      'groups alone',
      '[dependency-groups]\ndev = ["six"]',
      'fac5ea3a1b1d3d71b2e044603fe9d6ef7b8ea90768337f5df63765e5455fe45d',
      '115cf985d932e9bf5f540555bbdd75decbb62cac81e399375fc19f6277f8c1d8',
    ],
    [
      'nothing',
      '[tool.poetry]\nname="x"',
      '115cf985d932e9bf5f540555bbdd75decbb62cac81e399375fc19f6277f8c1d8',
      '115cf985d932e9bf5f540555bbdd75decbb62cac81e399375fc19f6277f8c1d8',
    ],
  ])("is poetry's: %s", (_name, text, ...hashes) => {
    expect(contentHashes(text)).toEqual(hashes);
  });
});

describe("a project's dependencies", () => {
  it('stand under [project], [dependency-groups] and [tool.poetry]', () => {
    const { dependencies, groups, extras } = parsePoetryProject(STANDARD, 'pyproject.toml');
    expect(dependencies).toMatchObject([
      { name: 'idna', optional: false },
      { name: 'colorama', markers: "sys_platform == 'win32'" },
      { name: 'loc' },
      { name: 'click', optional: true },
      { name: 'loc' },
    ]);
    expect([...groups].map(([name, all]) => [name, all.map((one) => one.name)])).toEqual([
      ['dev', ['iniconfig', 'six']],
      ['docs', ['six']],
      ['late', ['markupsafe']],
    ]);
    expect([...extras]).toEqual([['cli', ['click']]]);
  });

  it('are versions, options, or lists of options', () => {
    const { dependencies, extras } = parsePoetryProject(LEGACY, 'pyproject.toml');
    const named = (name: string) => dependencies.filter((one) => one.name === name);
    expect(named('python')).toEqual([]);
    expect(named('idna')).toMatchObject([{ version: '^3.4', extras: [], optional: false }]);
    expect(named('requests')).toMatchObject([{ version: '~2.32', extras: ['socks'] }]);
    expect(named('numpy')).toMatchObject([{ python: '<3.10' }, { version: '^2.0', python: '>=3.10' }]);
    expect(named('click')).toMatchObject([{ optional: true }]);
    expect([...extras]).toEqual([['cli', ['click']]]);
  });

  it('may have had their group for development at a place of its own', () => {
    const text = '[tool.poetry.dependencies]\n[tool.poetry.dev-dependencies]\nsix = "*"';
    expect(parsePoetryProject(text, 'pyproject.toml').groups.get('dev')).toMatchObject([{ name: 'six' }]);
  });

  it('must be of the form that poetry reads', async () => {
    const text = '[tool.poetry.dependencies]\nx = { optional = "yes" }';
    const error = await expectCode(() => parsePoetryProject(text, '/app/pyproject.toml'), 'REQUIREMENTS_INVALID');
    expect(error.message).toMatch(/^\/app\/pyproject\.toml is not as it should be: tool\.poetry\.dependencies\.x/);
  });
});
