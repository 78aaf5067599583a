// Which sources are copied and what stands for them in the tag, beside flytekit's own answers, for random folders.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerIgnore } from '../../src/filesystem/docker-ignore.ts';
import { gitIgnored } from '../../src/filesystem/git-ignored.ts';
import { ignoredByRules } from '../../src/filesystem/git-rules.ts';
import { sourceDigest, sourcePaths } from '../../src/spec/source-digest.ts';
import { specTag } from '../../src/spec/tag.ts';
import { FLYTEKIT, hostPython, installFlytekit } from './ground/flytekit.ts';
import type { SourceTree } from './source-trees.ts';
import { makeTree, paths, patterns, sourceTrees } from './source-trees.ts';

const TREES = 200;
const MATCHES = 2000;
const SEED = 20_251;

const PROGRAM = `
import json, os, sys, types
from docker.utils.build import PatternMatcher
from flytekit.constants import CopyFileDetection
from flytekit.image_spec.image_spec import ImageSpec
from flytekit.tools.ignore import DockerIgnore, GitIgnore, IgnoreGroup, StandardIgnore
from flytekit.tools.script_mode import ls_files
def listed(root):
    ignore = IgnoreGroup(root, [GitIgnore, DockerIgnore, StandardIgnore])
    files, digest = ls_files(root, CopyFileDetection.ALL, deref_symlinks=False, ignore_group=ignore)
    return [[os.path.relpath(file, root) for file in files], digest]
def tag(root):
    return ImageSpec(name="x", source_root=root, source_copy_mode=CopyFileDetection.ALL).tag
for line in sys.stdin:
    question = json.loads(line)
    if "modules" in question:
        for i, file in enumerate(question["modules"]):
            sys.modules[f"module{i}"] = types.ModuleType(f"module{i}")
            sys.modules[f"module{i}"].__file__ = os.path.join(question["root"], file)
        spec = ImageSpec(name="x", source_root=question["root"])
        print(json.dumps(spec.tag))
        for i, _ in enumerate(question["modules"]):
            del sys.modules[f"module{i}"]
    elif "patterns" in question:
        matcher = PatternMatcher(question["patterns"])
        print(json.dumps([matcher.matches(path) for path in question["paths"]]))
    else:
        os.chdir(question["folder"])
        print(json.dumps([listed(question["absolute"]), [[*listed(root), tag(root)] for root in question["roots"]]]))
`;

type Listed = readonly [files: readonly string[], digest: string];
type Answer = readonly [absolute: Listed, relatives: readonly (readonly [...Listed, tag: string])[]];

function filesIn(root: string): string[] {
  const program = ['.', '-name', '.git', '-type', 'd', '-prune', '-o', '-type', 'f', '-printf', '%P\\0'];
  return execFileSync('find', program, { cwd: root, encoding: 'utf8' }).split('\0').slice(0, -1);
}

const python = hostPython();
const saved = { ...process.env };

describe.skipIf(python === undefined && !process.env['CI'])(`flytekit ${FLYTEKIT} (needs python3 with pip)`, () => {
  let modules: string;
  let folder: string;
  const trees: { readonly tree: SourceTree; readonly top: string; readonly root: string }[] = [];

  const ask = (questions: readonly unknown[]): unknown[] => {
    const printed = execFileSync(python!.program, ['-c', PROGRAM], {
      cwd: folder,
      env: { ...process.env, PYTHONPATH: modules, PYTHONUTF8: '1' },
      input: questions.map((question) => `${JSON.stringify(question)}\n`).join(''),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    return printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  };

  beforeAll(async () => {
    modules = await installFlytekit(python!);
    folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
    // Git as everyone has it, but for rules of the user.
    await writeFile(join(folder, 'user-ignore'), 'of-the-user\n*.TXT\n');
    await writeFile(join(folder, 'git-config'), `[core]\n\texcludesFile = ${join(folder, 'user-ignore')}\n`);
    Object.assign(process.env, { GIT_CONFIG_GLOBAL: join(folder, 'git-config'), GIT_CONFIG_NOSYSTEM: '1' });
    for (const [i, tree] of fc.sample(sourceTrees, { numRuns: TREES, seed: SEED }).entries()) {
      const top = join(folder, 'trees', String(i));
      await mkdir(top, { recursive: true });
      trees.push({ tree, top, root: await makeTree(top, tree) });
    }
  });
  afterAll(async () => {
    for (const name of ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM'])
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    await rm(folder, { recursive: true, force: true });
  });

  it(`reads .dockerignore as we do, for ${MATCHES} of them`, () => {
    const samples = fc.sample(fc.record({ patterns, paths }), { numRuns: MATCHES, seed: SEED });
    // As flytekit takes lines from the file.
    const questions = samples.map((one) => ({
      paths: one.paths,
      patterns: one.patterns.filter((line) => !line.startsWith('#')).map((line) => line.trim()),
    }));
    const theirs = ask(questions) as boolean[][];
    for (const [i, one] of samples.entries()) {
      const ours = one.paths.map(dockerIgnore(one.patterns.join('\n'), ''));
      expect(ours, JSON.stringify(one)).toEqual(theirs[i]);
    }
    expect(theirs.flat().filter(Boolean).length).toBeGreaterThan(MATCHES / 2);
  });

  it(`lists the files that we copy, and gives the tags that we give, for ${TREES} folders`, async () => {
    const questions = trees.map(({ top, root }, i) => ({
      folder: top,
      absolute: root,
      roots: ['d', './d/', `../${i}/d`],
    }));
    const theirs = ask(questions) as Answer[];
    let left = 0;
    for (const [i, { tree, top, root }] of trees.entries()) {
      const [[files, digest], relatives] = theirs[i]!;
      const about = JSON.stringify({ i, ...tree });
      const absolute = { root, directory: '/nowhere', files: undefined, lock: undefined };
      expect(await sourcePaths(absolute), about).toEqual(files);
      expect(await sourceDigest(absolute), about).toBe(digest);
      for (const [at, written] of questions[i]!.roots.entries()) {
        const [, relativeDigest, tag] = relatives[at]!;
        const sources = { root: written, directory: top, files: undefined, lock: undefined };
        expect(await sourcePaths(sources), about).toEqual(files);
        expect(await sourceDigest(sources), `${written} ${about}`).toBe(relativeDigest);
        expect(await specTag({ name: 'x', source_root: written, source_copy_mode: 'ALL' }, top)).toBe(tag);
      }
      left += filesIn(root).filter((one) => !files.includes(one)).length;
    }
    expect(left).toBeGreaterThan(TREES);
  });

  it(`gives our tags of loaded modules, for ${TREES} folders`, async () => {
    const questions = trees.flatMap(({ root }, i) => {
      // Some, in another order, one of them twice.
      const files = filesIn(root).filter((_, at) => (at + i) % 3 !== 0);
      return files.length === 0 ? [] : [{ root, modules: [files.at(-1)!, ...files.toReversed()] }];
    });
    const theirs = ask(questions);
    for (const [i, { root, modules: files }] of questions.entries())
      expect(await specTag({ name: 'x', source_root: root, source_files: files }, '/nowhere'), files.join()).toBe(
        theirs[i],
      );
    expect(theirs.length).toBeGreaterThan(TREES / 2);
  });

  it('is told by git what the rules say without it', async () => {
    process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';
    let ignored = 0;
    for (const [i, { tree, root }] of trees.entries()) {
      const theirs = [...(await gitIgnored(root))].filter((path) => !path.startsWith('"') && !path.endsWith('/'));
      expect([...(await ignoredByRules(root))].toSorted(), JSON.stringify({ i, ...tree })).toEqual(theirs.toSorted());
      ignored += theirs.length;
    }
    expect(ignored).toBeGreaterThan(TREES);
  });
});
