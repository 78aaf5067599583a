import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LoadedSpec } from '../../src/spec/load.ts';
import { loadSpecs } from '../../src/spec/load.ts';
import { ImageSpec } from '../../src/spec/spec.ts';
import { expectCode } from '../expect-code.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagespec-'));
});

async function load(text: string, name = 'imagespec.yaml'): Promise<LoadedSpec[]> {
  const file = join(folder, name);
  await writeFile(file, text);
  return loadSpecs(file);
}

const complaints = async (text: string): Promise<readonly string[]> => {
  const { issues } = await expectCode(() => load(text), 'SPEC_INVALID');
  return issues.map((issue) => issue.replaceAll(`${folder}/imagespec.yaml`, ''));
};

const json = ({ spec }: LoadedSpec): unknown => spec.toJSON();

describe('readImageSet', () => {
  it('gives each image its name and what stands beside `images`', async () => {
    const [a, b] = await load('registry: r.io\nimages:\n  a: {}\n  b: {name: C, registry: ""}\n');
    expect([a, b].map((one) => one!.key)).toEqual(['a', 'b']);
    expect([a, b].map((one) => json(one!))).toEqual([
      { name: 'a', registry: 'r.io' },
      { name: 'c', registry: '' },
    ]);
  });

  it('joins bases by name, to the same spec', async () => {
    const [top, base, other] = await load(
      'images:\n  top: {base_image: base}\n  base: {env: {"2": x, "1": 010}}\n  other: {base_image: {base_image: base}}\n',
    );
    expect(top!.spec.baseImage).toBe(base!.spec);
    const inner = other!.spec.baseImage as ImageSpec;
    expect(inner.baseImage).toBe(base!.spec);
    expect([...base!.spec.env!]).toEqual([
      ['2', 'x'],
      ['1', '010'],
    ]);
    expect(json(top!)).toEqual({ name: 'top', base_image: { name: 'base', env: { '1': '010', '2': 'x' } } });
  });

  it('gives the tag of the nested spec in flytekit', async () => {
    const [child] = await load('images:\n  child: {base_image: base}\n  base: {packages: [numpy]}\n');
    expect(await child!.spec.tag()).toBe('qmOMX2LYR_NAfsMHwE6Q9g');
    expect(child!.spec.id).toBe('DZNnmTF-1Wm85RdnwzFGtw');
  });

  it('leaves other names to registries', async () => {
    const [one] = await load('images:\n  one: {base_image: "one:1"}\n');
    expect(one!.spec.baseImage).toBe('one:1');
  });

  it('tells cycles, with the way round', async () => {
    const text = 'images:\n  a:\n    base_image: b\n  b: {base_image: {base_image: a}}\n';
    expect(await complaints(text)).toEqual([
      expect.stringMatching(/^:3:5: `images\.a\.base_image` leads back to itself: a → b → a\. Give one/),
      expect.stringMatching(/^:4:7: `images\.b\.base_image` leads back to itself: b → a → b/),
    ]);
    const { issues } = await expectCode(() => load('images: {a: {base_image: a}}'), 'SPEC_INVALID');
    expect(issues[0]).toMatch(/leads back to itself: a → a\..*docker\.io\/library/);
  });

  it('tells everything at once, each at its place', async () => {
    const text =
      'name: x\nimages:\n  a:\n    nane: y\n    packages: z\n  B c: {}\n  d: [1]\n  e: {base_image: {env: [1]}}\n';
    expect(await complaints(text)).toEqual([
      expect.stringMatching(/^:1:1: `name` beside `images` would be/),
      expect.stringMatching(/^:4:5: `images\.a\.nane` is not a parameter of a spec\. Did you mean `name`\?/),
      expect.stringMatching(/^:5:5: `images\.a\.packages` must be a list of strings or None/),
      expect.stringMatching(/^:6:3: `images\.B c` /),
      expect.stringMatching(/^:7:3: `images\.d` must be a mapping of parameters, not a list/),
      expect.stringMatching(/^:8:20: `images\.e\.base_image\.env` must be a mapping/),
    ]);
  });

  it.each(['images: {}', 'images: [a]', 'images: null', 'images: x'])('refuses %s', async (text) => {
    expect((await complaints(text))[0]).toMatch(/`images` (?:is empty|must be a mapping of names to specs, not )/);
  });

  it('takes specs of programs', async () => {
    const source = join(import.meta.dirname, '..', '..', 'src', 'spec', 'spec.ts');
    const program = `import { ImageSpec } from '${source}';
      const base = new ImageSpec({ name: 'base' });
      export default { registry: 'r.io', images: { base, top: { baseImage: base, pipIndex: 'https://i.example' }, web: { baseImage: 'top' } } };`;
    const [base, top, web] = await load(program, 'imagespec.mjs');
    expect(top!.spec.baseImage).toBe(base!.spec);
    expect(web!.spec.baseImage).toBe(top!.spec);
    expect([base, web].map((one) => one!.spec.registry)).toEqual([undefined, 'r.io']);
  });
});

describe('an ImageSpec upon another', () => {
  it('keeps it, through changes and JSON', () => {
    const base = new ImageSpec({ name: 'base', packages: ['numpy'] });
    const child = new ImageSpec({ name: 'child', baseImage: base }).withPackages('x');
    expect(child.baseImage).toBe(base);
    expect(new ImageSpec({ baseImage: { name: 'n' } }).baseImage).toBeInstanceOf(ImageSpec);
    expect(child.withBase('y').toJSON()).toEqual({ name: 'child', packages: ['x'], base_image: 'y' });
    expect(JSON.parse(JSON.stringify(child))).toEqual({
      name: 'child',
      packages: ['x'],
      base_image: { name: 'base', packages: ['numpy'] },
    });
  });

  it('needs a directory where the base does', async () => {
    const child = new ImageSpec({ baseImage: { requirements: 'r.txt' } });
    await expectCode(() => child.tag(), 'USAGE');
  });
});
