import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CatalogueOptions } from '../../src/python/choose-python.ts';
import { choosePython } from '../../src/python/choose-python.ts';
import { expectCode } from '../expect-code.ts';
import { testContext } from '../registry/setup.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { downloadsDocument, releasePath } from './make-python.ts';
import { program } from './programs.ts';

const TARGET = { machine: 'aarch64', libc: { kind: 'musl', major: 1, minor: 2 }, wanted: '3.12' } as const;
const URL = `https://host.example/${releasePath('cpython-3.12.4+20261110-aarch64.tar.gz')}`;
const SHA256 = 'c'.repeat(64);

const ROW = { key: 'cpython-3.12.4-linux-aarch64-musl', version: '3.12.4', os: 'linux', arch: 'aarch64', libc: 'musl' };
const rowOf = (url: string): string => JSON.stringify([{ ...ROW, url, variant: 'default', implementation: 'cpython' }]);

/** A uv that says what it says, and writes down what it was asked. */
async function options(install: string, url = URL): Promise<CatalogueOptions & { readonly calls: string }> {
  const folder = await temporaryFolder();
  const scratch = join(folder, 'scratch');
  await mkdir(scratch);
  const calls = join(folder, 'calls');
  const script = `echo "$*" >> '${calls}'\ncase "$2" in list) echo '${rowOf(url)}';; install) ${install};; esac`;
  const uv = await program(join(folder, 'uv'), script);
  return { uv: () => Promise.resolve(uv), env: { PATH: process.env['PATH'] }, scratch, calls };
}

const MISMATCH = `find "\${UV_PYTHON_INSTALL_MIRROR#file://}" -type f >> "$HOME/../calls"; printf 'cause: Hash mismatch\\n\\n   Expected:\\n    ${SHA256}\\n\\n  Computed:\\n ${'d'.repeat(64)}\\n' >&2; exit 1`;

describe('choosePython', () => {
  it('asks uv for the list, and for the checksum by a wrong archive where the right one would lie', async () => {
    const asked = await options(MISMATCH);
    const digest = `sha256:${SHA256}`;
    expect(await choosePython(testContext(), TARGET, asked)).toEqual({ version: '3.12.4', url: URL, digest });
    const calls = (await readFile(asked.calls, 'utf8')).trim().split('\n');
    expect(calls[0]).toMatch(/^python list 3\.12 .*--output-format json/);
    expect(calls[1]).toMatch(/^python install cpython-3\.12\.4-linux-aarch64-musl /);
    expect(calls[2]).toMatch(/\/mirror\/20261110\/cpython-3\.12\.4\+20261110-aarch64\.tar\.gz$/);
  });

  it('refuses to bring what has no checksum', async () => {
    const asked = await options(MISMATCH, 'https://host.example/python.tar.gz');
    const error = await expectCode(() => choosePython(testContext(), TARGET, asked), 'NOT_SUPPORTED');
    expect(error.message).toContain('No checksum is known of cpython-3.12.4-linux-aarch64-musl');
  });

  it('says what uv said when it gave no answer', async () => {
    const asked = await options('echo error: something else >&2; exit 2');
    const error = await expectCode(() => choosePython(testContext(), TARGET, asked), 'UV_MISSING');
    expect(error.message).toMatch(/could not say .*: error: something else/);
  });

  it('lists what there is where the version is not', async () => {
    const asked = await options(MISMATCH);
    const of = (wanted: string) =>
      expectCode(() => choosePython(testContext(), { ...TARGET, wanted }, asked), 'INTERPRETER_MISSING');
    const error = await of('3.12.3');
    expect(error.message).toBe('There is no build of CPython 3.12.3 for aarch64 with musl that could be brought');
    expect(error.hint).toBe('There are 3.12.4: write one of these.');
  });

  it('takes a list in place of that of uv, and its checksums', async () => {
    const asked = await options('exit 3');
    const url = 'https://host.example/own.tar.gz';
    const list = (sha256: string | null): string =>
      downloadsDocument([{ version: '3.12.5', url, sha256, arch: 'aarch64', libc: 'musl' }]);
    const choose = (text: string) => {
      const document = { where: 'list', read: () => Promise.resolve(text) };
      return choosePython(testContext(), TARGET, { ...asked, document });
    };
    expect(await choose(list(SHA256))).toEqual({ version: '3.12.5', url, digest: `sha256:${SHA256}` });
    await expectCode(() => choose(list(null)), 'NOT_SUPPORTED');
    const error = await expectCode(() => choose('{}'), 'INTERPRETER_MISSING');
    expect(error.hint).toMatch(/another `python_version`/);
  });
});
