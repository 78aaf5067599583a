import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { UvEnd } from '../../src/python/call-uv.ts';
import { callUv } from '../../src/python/call-uv.ts';
import type { HookCall, HookRunner } from '../../src/python/hook-calls.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { program } from './programs.ts';
import { interpreterOf } from './targets.ts';

let folder: string;
/** As uv makes it for a build. */
let environment: string;
let source: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  environment = join(folder, 'env');
  source = join(folder, 'tree', 'sub');
  await mkdir(join(environment, 'bin'), { recursive: true });
  await mkdir(source, { recursive: true });
});

/** A uv that calls the interpreter of its environment as uv 0.13 does, with these scripts, one after the other. */
async function callWith(
  scripts: readonly string[],
  hooks: HookRunner | undefined,
  more: { readonly ctx?: ReturnType<typeof testContext>; readonly after?: string } = {},
): Promise<UvEnd> {
  await writeFile(join(folder, 'n'), String(scripts.length));
  for (const [index, script] of scripts.entries()) await writeFile(join(folder, `script-${index}`), script);
  const uv = await program(
    join(folder, 'uv'),
    `while [ "$1" != --python ]; do shift; done
     ln -s "$2" "${environment}/bin/python"
     cd "${source}"
     export VIRTUAL_ENV="${environment}" UV_INTERNAL__BUILD_DIR="${source}"
     for n in $(seq 0 ${scripts.length - 1}); do "${environment}/bin/python" -c "$(cat "${folder}/script-$n")" || exit; done
     ${more.after ?? ''}`,
  );
  return callUv(more.ctx ?? testContext(), ['build'], {
    uv,
    interpreter: interpreterOf('3.12.1', { path: '/usr/local/bin/python3.12' }),
    folder,
    env: { PATH: process.env['PATH'] },
    hooks,
    timeoutMs: 60_000,
  });
}

const bytes = (path: string): string => `__import__("os").fsdecode(b"${path}")`;
const fine: HookRunner = () => Promise.resolve({ status: 0, output: '' });
const mountAt = ({ mounts }: HookCall, target: string) => mounts.find((one) => one.target === target);

describe('a hook that uv calls', () => {
  it('is run where the interpreter is, under paths that are the same in every run', async () => {
    const calls: HookCall[] = [];
    const wheels = join(folder, 'out');
    const written = join(environment, 'build_wheel.txt');
    await mkdir(wheels);
    const script = `import sys
sys.path = [${bytes(join(source, 'backend'))}] + sys.path
wheel_filename = backend.build_wheel(${bytes(wheels)}, {}, None)
with open(${bytes(written)}, "w") as fp:
    fp.write(wheel_filename)
`;
    const end = await callWith([script], async (_ctx, call) => {
      calls.push(call);
      await writeFile(mountAt(call, '/run/imagespec/build/result-0')!.source, 'demo.whl');
      await writeFile(join(mountAt(call, '/run/imagespec/build/result-1')!.source, 'demo.whl'), 'bytes');
      return { status: 0, output: 'compiling' };
    });
    expect(end).toMatchObject({ status: 0, stderr: 'compiling', hookOutput: '' });
    const [call] = calls;
    expect(call).toMatchObject({
      folder: '/run/imagespec/build/source',
      programs: '/run/imagespec/build/environment/bin',
      argv: ['/run/imagespec/build/environment/bin/python', '-c', expect.any(String)],
    });
    expect(call!.argv[2]).toContain(`[${bytes('/run/imagespec/build/source/backend')}] + sys.path`);
    expect(call!.argv[2]).toContain(`backend.build_wheel(${bytes('/run/imagespec/build/result-1')}, {}, None)`);
    expect(call!.argv[2]).not.toContain(folder);
    expect(await readFile(join(wheels, 'demo.whl'), 'utf8')).toBe('bytes');
    expect(await readFile(written, 'utf8')).toBe('demo.whl');
  });

  it('can change its source tree and its results, and nothing that uv starts', async () => {
    let seen: HookCall | undefined;
    await callWith([`open(${bytes(join(environment, 'a.txt'))}, "w")`], async (ctx, call) => fine(ctx, (seen = call)));
    const writable = seen!.mounts.filter(({ isReadOnly }) => !isReadOnly).map(({ target }) => target);
    expect(writable).toEqual(['/run/imagespec/build/source', '/run/imagespec/build/result-0']);
    expect(mountAt(seen!, environment)).toMatchObject({ source: environment, isReadOnly: true });
    // Where the environment's link leads to, the interpreter of the image is found.
    const home = join(folder, 'building');
    const { source: link } = mountAt(seen!, home)!;
    expect((await lstat(join(link, 'python3'))).isSymbolicLink()).toBe(true);
  });

  it('finds the library of an interpreter that was moved', async () => {
    const file = join(environment, 'pyvenv.cfg');
    await writeFile(file, 'home = /stand-in\nversion_info = 3.12.1\n');
    await callWith(['x', 'y'], fine);
    expect(await readFile(file, 'utf8')).toBe('home = /usr/local/bin\nversion_info = 3.12.1\n');
  });

  it('has the whole clone when only a part of it is built', async () => {
    let seen: HookCall | undefined;
    await mkdir(join(folder, 'tree', '.git'));
    await callWith(['x'], async (ctx, call) => fine(ctx, (seen = call)));
    expect(seen).toMatchObject({ folder: '/run/imagespec/build/source/sub' });
    expect(mountAt(seen!, '/run/imagespec/build/source')!.source).toBe(join(folder, 'tree'));
  });

  it('may have odd paths', async () => {
    const odd = join(folder, 'ö"\\');
    const escaped = `${folder}/\\xc3\\xb6\\"\\\\`;
    await callWith([`open(${bytes(escaped)}, "w")`], async (_ctx, call) => {
      await writeFile(mountAt(call, '/run/imagespec/build/result-0')!.source, 'odd');
      return { status: 0, output: '' };
    });
    expect(await readFile(odd, 'utf8')).toBe('odd');
  });

  it('gives files and folders, but no links to files of this host', async () => {
    const metadata = join(environment, 'metadata_directory');
    const script = `prepare_metadata_for_build(${bytes(metadata)}, {})`;
    await callWith([script], async (_ctx, call) => {
      const result = mountAt(call, '/run/imagespec/build/result-0')!.source;
      await mkdir(join(result, 'demo.dist-info'));
      await writeFile(join(result, 'demo.dist-info', 'METADATA'), 'Name: demo');
      await symlink('/etc/passwd', join(result, 'demo.dist-info', 'RECORD'));
      return { status: 0, output: '' };
    });
    expect(await readFile(join(metadata, 'demo.dist-info', 'METADATA'), 'utf8')).toBe('Name: demo');
    await expect(lstat(join(metadata, 'demo.dist-info', 'RECORD'))).rejects.toThrow('ENOENT');
  });

  it('that fails is told to uv, and nothing of it is taken over', async () => {
    const written = join(environment, 'a.txt');
    const script = `open(${bytes(written)}, "w")`;
    const end = await callWith([script, script], async (_ctx, call) => {
      await writeFile(mountAt(call, '/run/imagespec/build/result-0')!.source, 'half');
      return { status: 3, output: 'no compiler' };
    });
    expect(end).toMatchObject({ status: 3, stderr: 'no compiler', hookOutput: 'no compiler' });
    await expect(lstat(written)).rejects.toThrow('ENOENT');
  });

  it('that cannot be run ends the call with the reason', async () => {
    await expect(callWith(['x'], () => Promise.reject(new Error('no sandbox')))).rejects.toThrow('no sandbox');
  });

  it('is nothing that another word on its file could be', async () => {
    const names = ['../x', 'call-', 'call-a/../b', ''];
    const after = names.map((name) => `echo '${name}' >&3`).join('\n');
    expect(await callWith(['x'], fine, { after })).toMatchObject({ status: 0 });
  });

  it('does not outlive the build', async () => {
    const controller = new AbortController();
    const ctx = { ...testContext(), signal: controller.signal };
    const hooks: HookRunner = (inner) =>
      new Promise((resolve) => {
        inner.signal.addEventListener('abort', () => resolve({ status: 143, output: '' }), { once: true });
        controller.abort();
      });
    await expectCode(() => callWith(['x'], hooks, { ctx }), 'ABORTED');
  });
});
