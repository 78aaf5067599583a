// Slips of the keyboard, in specs and on the command line: each is told by its name and place, and costs nothing.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/error.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';
import { addBase, pythonBase } from './python-base.ts';
import { refused } from './refused.ts';

let project: Project;

beforeAll(async () => {
  project = await createProject();
  await project.spec({ base_image: 'scratch' });
});
afterAll(() => project.remove());

describe('on the command line', () => {
  it.each<[string, ErrorCode, readonly (string | RegExp)[]]>([
    ['build -o foo:bar', 'USAGE', [/"foo:bar" is no place to write an image to/, /hint: Write oci:DIR/]],
    ['build -o python:3.12', 'USAGE', [/"python:3\.12" is no place/, /docker:\/\/REF to push/]],
    ['build -o scratch', 'USAGE', [/"scratch" is no place/]],
    ['build -o oci:', 'USAGE', [/"oci:" names no path/]],
    ['build -o docker://127.0.0.1:9/UPPER', 'REFERENCE_INVALID', [/UPPER/, /hint: For example/]],
    ['build -o docker-archive:x.tar --platform linux/amd64,linux/arm64', 'USAGE', [/can hold one platform/]],
    ['build --tag a+b', 'USAGE', [/"a\+b" is not a tag/]],
    ['build --default-python 3', 'USAGE', [/"3" is not a version of Python/, /3\.12/]],
    ['build --workers x', 'USAGE', [/--workers "x" is not a number/]],
    ['build --workers 1.5', 'USAGE', [/--workers "1\.5"/]],
    ['build --workers -1', 'USAGE', [/--workers "-1"/]],
    ['build --workers 1000', 'USAGE', [/1000 threads/, /to 256/]],
    ['build --platform linux', 'PLATFORM_INVALID', [/"linux" is not a platform/, /linux\/amd64/]],
    ['build --platform a/b/c/d', 'PLATFORM_INVALID', [/"a\/b\/c\/d"/]],
    [
      'build --platform windows/amd64',
      'NOT_SUPPORTED',
      [/windows\/amd64 is not supported yet/, /Only images for Linux/],
    ],
    ['build --platform ,', 'PLATFORM_INVALID', [/is not a platform/]],
    ['build --push', 'USAGE', [/names no registry to push to/, /registry:/]],
    ['build --progress fancy', 'USAGE', [/--progress "fancy" is not known/, /plain/]],
    ['build nowhere', 'SPEC_NOT_FOUND', [/There is no .*nowhere/, /imagespec init/]],
    ['build app', 'SPEC_NOT_FOUND', [/There is no spec in .*app/, /Looked for imagespec\.yaml/]],
    ['build app/hello.txt', 'SPEC_UNREADABLE', [/an ending that no spec has/]],
    ['tag nowhere.yaml', 'SPEC_NOT_FOUND', [/nowhere\.yaml/]],
    ['init app/hello.txt', 'OUTPUT_UNWRITABLE', [/hello\.txt cannot be written/]],
    ['inspect oci:nowhere', 'NOT_FOUND', [/There is no image at oci:nowhere/, /oci:DIR:TAG/]],
    ['inspect oci:app', 'ARCHIVE_INVALID', [/oci:app is not an OCI image layout/]],
    ['inspect oci-archive:app/hello.txt', 'ARCHIVE_INVALID', [/hello\.txt/]],
    ['inspect BAD', 'REFERENCE_INVALID', [/"BAD" is not an image reference/]],
    ['inspect scratch', 'USAGE', [/"scratch" is an empty base/]],
    ['validate oci:nowhere', 'NOT_FOUND', [/oci:nowhere/]],
    ['cache prune --days x', 'USAGE', [/--days "x" is not a number of days/]],
  ])('%s', async (line, code, words) => {
    await refused(project, line.split(' '), code, words);
  });

  it.each([
    [['build', '--ouput', 'oci:x'], /unknown option '--ouput'\n\(Did you mean --output\?\)/],
    [['buld'], /unknown command 'buld'\n\(Did you mean build\?\)/],
    [['init', 'a', 'b'], /too many arguments/],
    [['build', '-o'], /argument missing/],
    [['inspect'], /missing required argument 'image'/],
    [['cache', 'clean'], /unknown command 'clean'/],
  ])('%j', async (args, words) => {
    const { status, stdout, stderr } = await project.run(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(words);
    expect(stderr).toContain('--help');
  });

  it.each<[string, string, ErrorCode, RegExp]>([
    ['--tag', 'a b', 'USAGE', /"a b" is not a tag/],
    ['--platform', '', 'PLATFORM_INVALID', /"" is not a platform/],
    ['-o', '', 'USAGE', /"" is no place to write an image to/],
    ['-o', 'oci:/proc/imagespec/out', 'OUTPUT_UNWRITABLE', /oci:\/proc\/imagespec\/out cannot be written/],
    [
      '-o',
      'oci:app/hello.txt/out',
      'OUTPUT_UNWRITABLE',
      /hello\.txt\/out cannot be written: a part of its path is a file/,
    ],
    ['-o', 'oci-archive:app', 'OUTPUT_UNWRITABLE', /app cannot be written: there is a folder of this name/],
    ['-o', 'oci:app', 'OUTPUT_UNWRITABLE', /app has other files than an OCI image layout: hello\.txt/],
  ])('build %s %j', async (flag, value, code, words) => {
    await refused(project, ['build', flag, value], code, [words]);
  });
});

describe('in a spec', () => {
  const spec = (name: string, text: string | Buffer) => async (): Promise<void> => {
    await rm(join(project.folder, 'specs'), { recursive: true, force: true });
    await mkdir(join(project.folder, 'specs'));
    await writeFile(join(project.folder, 'specs', name), text);
  };

  it.each<[string, string | Buffer, ErrorCode, readonly (string | RegExp)[]]>([
    [
      'imagespec.yaml',
      'nmae: x\nrequirments: y\nplatform: [1]\nname: "a b"\n',
      'SPEC_INVALID',
      [/has 4 issues/, /:1:1: `nmae`.*`name`/, /:2:1: `requirments`.*`requirements`/, /:3:1: /, /:4:1: `name`/],
    ],
    ['imagespec.yaml', 'name: x\n\tpackages: [y]\n', 'SPEC_UNREADABLE', [/imagespec\.yaml:2:1 .*Tabs are not allowed/]],
    ['imagespec.yaml', 'name: x\nname: y\n', 'SPEC_UNREADABLE', [/imagespec\.yaml:2:1 .*unique/]],
    [
      'imagespec.json',
      '{"name": "x", "packages": ["y"],}',
      'SPEC_UNREADABLE',
      [/imagespec\.json:1:33 /, /no comma behind/],
    ],
    [
      'imagespec.yaml',
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]),
      'SPEC_UNREADABLE',
      [/not a text file in UTF-8/],
    ],
    ['imagespec.yaml', '', 'SPEC_INVALID', [/imagespec\.yaml is empty/, /imagespec init/]],
    ['imagespec.yaml', '- a\n- b\n', 'SPEC_INVALID', [/must be a mapping of parameters/]],
    ['pyproject.toml', '[tool.imagespec]\nname =\n', 'SPEC_UNREADABLE', [/pyproject\.toml:2:\d+ is not valid TOML/]],
    ['imagespec.mjs', 'throw new Error("mine")\n', 'SPEC_UNREADABLE', [/imagespec\.mjs failed: mine/]],
    [
      'imagespec.yaml',
      'name: x\npip_extra_args: --target x\nconda_channels: [x]\ncuda: "12"\nconda_packages: [x]\nbuilder: envd\nsource_root: .\n',
      'NOT_SUPPORTED',
      [
        /`pip_extra_args`/,
        /`conda_channels`/,
        /`cuda`/,
        /`conda_packages`/,
        /`builder`/,
        /`source_root`/,
        /has 6 issues/,
      ],
    ],
    ['imagespec.yaml', 'name: x\npython_version: 3.10\n', 'SPEC_INVALID', [/must be in quotes: without them 3\.10 is/]],
    ['imagespec.yaml', 'name: x\nbase_image: oci:nowhere\n', 'NOT_FOUND', [/no image at oci:.*nowhere/]],
    [
      'imagespec.yaml',
      'name: x\nbase_image: python:3:4\n',
      'SPEC_INVALID',
      [/`base_image`.*"python:3:4" is not an image/],
    ],
    ['imagespec.yaml', 'name: x\nbase_image: scratch\ncopy: [nowhere]\n', 'COPY_NOT_FOUND', [/"nowhere"/]],
    ['imagespec.yaml', 'name: x\nbase_image: scratch\ncopy: [../app]\n', 'SPEC_INVALID', [/"\.\.\/app"/]],
    ['imagespec.yaml', 'name: x\nrequirements: .\n', 'REQUIREMENTS_NOT_FOUND', [/specs is a folder/]],
    ['imagespec.yaml', 'name: x\nrequirements: r.txt\n', 'REQUIREMENTS_NOT_FOUND', [/r\.txt does not exist/]],
    [
      'imagespec.yaml',
      'name: x\nbase_image: scratch\npackages: [numpy 2, git+https://git.example/x, "-r y"]\n',
      'REQUIREMENTS_INVALID',
      [/packages\[0\] is not understood: numpy 2/, /packages\[2\] is not understood: -r y/],
    ],
    [
      'imagespec.yaml',
      'name: x\nbase_image: scratch\npackages: ["hg+https://me:secret@hg.example/x"]\n',
      'NOT_SUPPORTED',
      [/packages\[0\] asks for a source repository that is not git, hg\+https:\/\/\*\*\*@hg\.example\/x/],
    ],
  ])('%s: %j', async (name, text, code, words) => {
    await spec(name, text)();
    await refused(project, ['build', 'specs'], code, words);
  });

  it('two of them in a folder', async () => {
    await spec('imagespec.yaml', 'name: x\n')();
    await writeFile(join(project.folder, 'specs', 'imagespec.json'), '{"name": "x"}');
    await refused(project, ['build', 'specs'], 'SPEC_INVALID', [/has 2 specs: imagespec\.yaml, imagespec\.json/]);
  });

  it('a lock file beside it that is broken', async () => {
    await spec('imagespec.yaml', 'name: x\nbase_image: oci:../base\npackages: [demo]\n')();
    await addBase(project, await pythonBase());
    await writeFile(join(project.folder, 'specs', 'imagespec.lock'), '<<<<<<< HEAD\n{}\n');
    const words = [/lock file .*imagespec\.lock is not a lock file of this version/, /version control/];
    await refused(project, ['build', 'specs'], 'REQUIREMENTS_INVALID', words);
  });
});
