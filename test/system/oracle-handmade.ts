// Sets of hand-made wheels for the tree oracle: what the specification allows, whether or not some package does it today.
import type { Handmade } from './ground/handmade-wheel.ts';
import type { Target } from './ground/oracle-target.ts';
import type { OracleSet } from './oracle-sets.ts';

const TARGET: Target = { python: '3.12.8', libc: 'glibc 2.36' };
const CHOSEN = { target: TARGET, architectures: ['amd64'] } as const;

export const HANDMADE_SETS: readonly OracleSet[] = [
  {
    ...CHOSEN,
    nature: 'every kind of .data',
    packages: ['all-kinds'],
    wheels: [
      {
        name: 'all_kinds',
        files: {
          'all_kinds/__init__.py': '',
          'all_kinds-1.0.data/purelib/all_kinds/pure.py': 'pure = True\n',
          'all_kinds-1.0.data/platlib/all_kinds/plat.py': 'plat = True\n',
          'all_kinds-1.0.data/headers/all_kinds.h': '#define ALL_KINDS 1\n',
          'all_kinds-1.0.data/headers/deep/er.h': '#define DEEPER 1\n',
          'all_kinds-1.0.data/data/etc/all-kinds.conf': 'a = 1\n',
          'all_kinds-1.0.data/data/share/all-kinds/run.sh': { text: '#!/bin/sh\n', mode: 0o755 },
          'all_kinds-1.0.data/data/lib/python3.12/site-packages/by_data.py': '',
          'all_kinds-1.0.data/scripts/plain': '#!python\nprint(1)\n',
          'all_kinds-1.0.data/scripts/windowed': '#!pythonw\nprint(1)\n',
          'all_kinds-1.0.data/scripts/with-arguments': '#!python -E -s\nprint(1)\n',
          'all_kinds-1.0.data/scripts/carriage': '#!python\r\nprint(1)\r\n',
          'all_kinds-1.0.data/scripts/other-name': '#!python3\nprint(1)\n',
          'all_kinds-1.0.data/scripts/own-line': { text: '#!/usr/bin/env python3\nprint(1)\n', mode: 0o755 },
          'all_kinds-1.0.data/scripts/no-line': 'print(1)\n',
          'all_kinds-1.0.data/scripts/only-line': '#!python',
          'all_kinds-1.0.data/scripts/empty': '',
        },
      },
    ],
    files: 20,
    has: [/^include\/site\/python3\.12\/all.kinds\/deep\/er\.h$/, /^bin\/windowed$/, /^etc\/all-kinds\.conf$/],
  },
  {
    ...CHOSEN,
    nature: 'entry points of every shape',
    packages: ['entry-points'],
    wheels: [
      {
        name: 'entry_points',
        files: { 'entry_points/__init__.py': '' },
        entryPoints: `# a comment
[console_scripts]
plain = entry_points:main
dotted=entry_points.deep.module:App.run
with.dot = entry_points:main
Mixed-Case_1 = entry_points:main
extra = entry_points:main [fast, small]
spaced   =   entry_points : main

[gui_scripts]
window = entry_points.gui:main

[another.group]
not-a-program = entry_points:main
`,
      },
    ],
    files: 12,
    has: [/^bin\/window$/, /^bin\/dotted$/, /^bin\/Mixed-Case_1$/],
  },
  {
    ...CHOSEN,
    nature: 'modes',
    packages: ['modes'],
    wheels: [
      {
        name: 'modes',
        files: {
          'modes/all.sh': { text: '1', mode: 0o777 },
          'modes/owner.sh': { text: '2', mode: 0o700 },
          'modes/group-only.sh': { text: '3', mode: 0o654 },
          'modes/private.py': { text: '4', mode: 0o600 },
          'modes/shared.py': { text: '5', mode: 0o666 },
          'modes/read-only.py': { text: '6', mode: 0o444 },
          'modes/special.sh': { text: '7', mode: 0o4755 },
          'modes/unsaid.py': { text: '8', mode: 0 },
          'modes/stored.sh': { text: '9'.repeat(5000), mode: 0o755, stored: true },
          'modes-1.0.data/data/share/run': { text: '10', mode: 0o755 },
          'modes-1.0.data/scripts/private': { text: '#!/bin/sh\n', mode: 0o600 },
        },
      },
    ],
    files: 16,
    has: [/modes\/special\.sh$/],
  },
  {
    ...CHOSEN,
    nature: 'empty directories and empty files',
    packages: ['hollow'],
    wheels: [
      {
        name: 'hollow',
        files: {
          'hollow/': '',
          'hollow/__init__.py': { text: '', stored: true },
          'hollow/empty/': '',
          'hollow/deep/': '',
          'hollow/deep/er/': '',
          'hollow.libs/': '',
          'hollow-1.0.data/data/var/cache/hollow/': '',
        },
      },
    ],
    files: 5,
    has: [/hollow\/__init__\.py$/],
  },
  {
    ...CHOSEN,
    nature: 'file names that need care',
    packages: ['odd-names'],
    wheels: [
      {
        name: 'odd_names',
        files: {
          'odd_names/na\u00efve.py': '1',
          'odd_names/\u65e5\u672c\u8a9e.txt': '2',
          'odd_names/\u{1f40d}.py': '3',
          'odd_names/with space.txt': '4',
          'odd_names/comma,separated.csv': '5',
          'odd_names/"quoted".txt': '6',
          "odd_names/it's $HOME.txt": '7',
          'odd_names/-option': '8',
          'odd_names/.hidden': '9',
          [`odd_names/${'long-'.repeat(48)}`]: '10',
          [`odd_names/${'deep/'.repeat(30)}end.txt`]: '11',
          'odd_names/Upper.TXT': '12',
          'Odd.py': '13',
        },
      },
    ],
    files: 16,
    has: [/na\u00efve\.py$/, /\u{1f40d}\.py$/u, /comma,separated/],
  },
  {
    ...CHOSEN,
    nature: 'one folder and equal files of several wheels',
    packages: ['shared-a', 'shared-b'],
    wheels: [
      {
        name: 'shared_a',
        requires: ['shared-c'],
        files: { 'shared/a.py': 'a', 'shared/__init__.py': 'same', LICENSE: 'same too', 'shared/x/a.py': '' },
      },
      {
        name: 'shared_b',
        files: { 'shared/b.py': 'b', 'shared/__init__.py': 'same', LICENSE: 'same too', 'shared/x/b.py': '' },
      },
      { name: 'shared_c', files: { 'shared/c.py': 'c', 'shared/x/c.py': '', 'shared.pth': 'import os\n' } },
    ],
    files: 20,
    has: [/shared\/x\/c\.py$/, /site-packages\/LICENSE$/],
  },
  {
    ...CHOSEN,
    nature: 'a dist-info that holds more',
    packages: ['Full.Info'],
    wheels: [
      {
        name: 'full_info',
        ownName: 'Full.Info',
        version: '1!2.0rc1.post3+local.4',
        files: {
          'full_info.py': '',
          'full_info.pth': './elsewhere\n',
          'Full.Info-1!2.0rc1.post3+local.4.data/headers/full.h': '',
          'Full.Info-1!2.0rc1.post3+local.4.dist-info/licenses/LICENSE': 'mine',
          'Full.Info-1!2.0rc1.post3+local.4.dist-info/licenses/deep/NOTICE': 'ours',
          'Full.Info-1!2.0rc1.post3+local.4.dist-info/sboms/sbom.json': '{}',
          'Full.Info-1!2.0rc1.post3+local.4.dist-info/RECORD.jws': '{}',
          'Full.Info-1!2.0rc1.post3+local.4.dist-info/top_level.txt': 'full_info\n',
          'Full.Info-1!2.0rc1.post3+local.4.dist-info/INSTALLER': 'somebody',
          'Full.Info-1!2.0rc1.post3+local.4.dist-info/REQUESTED': 'said who?',
          'Full.Info-1!2.0rc1.post3+local.4.dist-info/direct_url.json': '{"url": "elsewhere"}',
        },
      },
    ],
    files: 12,
    has: [/sboms\/sbom\.json$/],
  },
  {
    ...CHOSEN,
    nature: 'the best of several wheels',
    packages: ['choice'],
    wheels: [
      { name: 'choice', files: { 'choice.py': 'pure' } },
      { name: 'choice', tag: 'cp311-abi3-manylinux_2_17_x86_64', files: { 'choice.py': 'older stable ABI' } },
      { name: 'choice', tag: 'cp312-cp312-manylinux_2_37_x86_64', files: { 'choice.py': 'newer glibc' } },
      { name: 'choice', tag: 'cp312-cp312-musllinux_1_2_x86_64', files: { 'choice.py': 'musl' } },
      { name: 'choice', tag: 'cp312-cp312-manylinux_2_28_aarch64', files: { 'choice.py': 'another machine' } },
      { name: 'choice', tag: 'cp312-cp312-manylinux1_x86_64', files: { 'choice.py': 'old glibc' } },
      { name: 'choice', tag: 'cp312-cp312-manylinux_2_28_x86_64', files: { 'choice.py': 'no build tag' } },
      { name: 'choice', tag: 'cp312-cp312-manylinux_2_28_x86_64', build: '2', files: { 'choice.py': 'build 2' } },
      { name: 'choice', tag: 'cp312-cp312-manylinux_2_28_x86_64', build: '10', files: { 'choice.py': 'build 10' } },
      { name: 'choice', tag: 'cp313-cp313-manylinux_2_28_x86_64', files: { 'choice.py': 'another Python' } },
    ],
    files: 5,
    has: [/choice\.py$/],
  },
  {
    ...CHOSEN,
    nature: 'the best of several wheels on musl',
    target: { python: '3.13.0t', libc: 'musl 1.2' },
    packages: ['choice'],
    wheels: [
      { name: 'choice', tag: 'py3-none-any', files: { 'choice.py': 'pure' } },
      { name: 'choice', tag: 'cp313-cp313-musllinux_1_2_x86_64', files: { 'choice.py': 'with GIL' } },
      { name: 'choice', tag: 'cp313-abi3-musllinux_1_2_x86_64', files: { 'choice.py': 'stable ABI' } },
      { name: 'choice', tag: 'cp313-cp313t-musllinux_1_1_x86_64', files: { 'choice.py': 'older musl' } },
      { name: 'choice', tag: 'cp313-cp313t-musllinux_1_2_x86_64', files: { 'choice.py': 'musl' } },
      { name: 'choice', tag: 'cp313-cp313t-musllinux_1_3_x86_64', files: { 'choice.py': 'newer musl' } },
      { name: 'choice', tag: 'cp313-cp313t-manylinux_2_17_x86_64', files: { 'choice.py': 'glibc' } },
    ],
    files: 5,
    has: [/python3\.13t\/site-packages\/choice\.py$/],
  },
  {
    ...CHOSEN,
    nature: 'pip, whose programs bear the version of their Python',
    packages: ['pip'],
    wheels: [
      {
        name: 'pip',
        files: { 'pip.py': '' },
        entryPoints: '[console_scripts]\npip = pip:main\npip3 = pip:three\npip3.9 = pip:nine\npipx = pip:x\n',
      },
    ],
    files: 10,
    has: [/^bin\/pip3\.12$/],
  },
  {
    ...CHOSEN,
    nature: 'other spellings, other hashes, compiled files, a script that an entry point replaces',
    packages: ['Other.Spelling'],
    wheels: [
      {
        name: 'Other_Spelling',
        ownName: 'other_spelling',
        algorithm: 'sha512',
        files: {
          'other_spelling.py': '',
          '__pycache__/other_spelling.cpython-312.pyc': 'compiled',
          'other_spelling/_native.cpython-312-x86_64-linux-gnu.so': { text: 'native', mode: 0o755 },
          'other_spelling-1.0.data/scripts/replaced': '#!python\nprint(1)\n',
        },
        entryPoints: '[console_scripts]\nreplaced = other_spelling:main\n',
      },
    ],
    files: 10,
    has: [/__pycache__\/other_spelling\.cpython-312\.pyc$/, /^bin\/replaced$/],
  },
  {
    ...CHOSEN,
    nature: 'asked for by URL',
    packages: ['by-url', 'by-url-too'],
    by: 'url',
    wheels: [
      { name: 'by_url', files: { 'by_url.py': '' }, requires: ['by-name'] },
      { name: 'by_url_too', files: { 'by_url_too.py': '' } },
      { name: 'by_name', files: { 'by_name.py': '' } },
    ],
    files: 15,
    has: [/by_url-1\.0\.dist-info\/direct_url\.json$/],
  },
];

/** A small wheel, and the same with a byte, a mode, a path and a program changed. */
export const [ORIGINAL, TAMPERED] = [
  { byte: 'a', mode: 0o755, path: 'path', program: 'a' },
  { byte: 'b', mode: 0o644, path: 'moved', program: 'b' },
].map(({ byte, mode, path, program }): OracleSet => ({
  ...CHOSEN,
  nature: 'for comparing',
  packages: ['demo'],
  wheels: [
    {
      name: 'demo',
      files: {
        'demo/byte.py': byte,
        'demo/mode.sh': { text: 'the same', mode },
        [`demo/${path}.py`]: 'the same',
        'demo-1.0.data/scripts/program': `#!python\nprint("${program}")\n`,
      },
    },
  ],
  files: 5,
  has: [],
})) as [OracleSet, OracleSet];

/** Sets that one of the two refuses, or for which they choose otherwise. */
const disputed = (nature: string, ...wheels: readonly Handmade[]): OracleSet => {
  const packages = [...new Set(wheels.map(({ name }) => name))];
  return { ...CHOSEN, nature, packages, wheels, files: 0, has: [] };
};

export const COLLIDING = disputed(
  'one path twice',
  { name: 'first', files: { 'both.py': 'of first' } },
  { name: 'second', files: { 'both.py': 'of second' } },
);

export const SAME_BUT_FOR_CASE = disputed('names that differ by case', {
  name: 'cases',
  files: { 'name.py': '', 'Name.py': '' },
});

export const SCRIPT_FOLDER = disputed('a folder among scripts', {
  name: 'folders',
  files: { 'folders-1.0.data/scripts/folder/below': '#!python\n' },
});

export const NATIVE = disputed(
  'a wheel for Linux as such',
  { name: 'choice', tag: 'cp312-cp312-linux_x86_64', files: { 'choice.py': 'of this machine' } },
  { name: 'choice', tag: 'cp312-cp312-manylinux_2_28_x86_64', files: { 'choice.py': 'for manylinux' } },
);
