// One spliced layer, read by everybody who may meet it; all must see the same bytes.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildResult, LayerResult } from '../../src/build/result.ts';
import { copy } from '../../src/content/copy.ts';
import { createContext } from '../../src/core/context.ts';
import { layoutStore } from '../../src/store/layout.ts';
import { runCli } from '../cli/run-cli.ts';
import { baseImage } from './ground/bases.ts';
import { certificates } from './ground/environment.ts';
import { GROUND, run } from './ground/folder.ts';
import { createPodman } from './ground/podman.ts';
import { startRegistry } from './ground/registry.ts';
import { writeSample } from './sample.ts';

const DECODERS = join(import.meta.dirname, 'ground', 'decoders');

let folder: string;
let layout: string;
let layers: LayerResult[];
/** The largest spliced layer, and its blob on disk. */
let layer: LayerResult;
let blob: string;
/** `sha256  path` lines of its files. */
let expected: string;

const blobOf = (digest: string): string => join(layout, 'blobs', 'sha256', digest.slice(7));
const sh = (script: string): Promise<string> => run('bash', ['-euo', 'pipefail', '-c', script]);
/** Lines as `listing.py` prints them, for a folder with an unpacked tree. */
const listed = (root: string): Promise<string> =>
  sh(`cd ${root} && find . -type f -printf '%P\\0' | xargs -0 sha256sum | LC_ALL=C sort`);

beforeAll(async () => {
  // podman takes lower-case paths only.
  folder = join(tmpdir(), `imagespec-readers-${randomUUID()}`);
  await mkdir(folder);
  layout = join(folder, 'out');
  const base = layoutStore(join(folder, 'base'), { random: randomUUID });
  await copy(createContext(), await baseImage('bookworm-amd64'), base, ['latest']);
  // Few layers, one of them with thousands of files: vfs copies the whole tree for each. pydantic-core's wheel was made by Rust.
  await writeSample(folder, { base_image: 'oci:base', requirements: undefined, packages: ['scipy', 'pydantic-core'] });
  const cache = join(GROUND, 'imagespec-cache');
  const { status, stdout, stderr } = await runCli(['build', '--json', '-o', `oci:${layout}:x`], {
    cwd: folder,
    cache,
    env: certificates(),
  });
  expect(status, stderr).toBe(0);
  layers = (JSON.parse(stdout) as BuildResult).images[0]!.platforms[0]!.layers.filter(
    ({ kind }) => kind === 'packages',
  );
  layer = layers.toSorted((a, b) => b.size - a.size)[0]!;
  blob = blobOf(layer.digest);
  expected = await sh(`python3 ${DECODERS}/listing.py r:gz < ${blob}`);
  expect(expected.split('\n').length).toBeGreaterThan(100);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the decompressed tar has the diff ID', () => {
  it.each([
    ['GNU gzip', () => sh(`gzip -dc < ${blob} | sha256sum`)],
    ['pigz', () => sh(`pigz -dc < ${blob} | sha256sum`)],
    ['zstd --format=gzip', () => sh(`zstd -q --format=gzip -dc < ${blob} | sha256sum`)],
    ['busybox', () => sh(`busybox gunzip -c < ${blob} | sha256sum`)],
    ['libdeflate', () => sh(`libdeflate-gunzip -c < ${blob} | sha256sum`)],
    ['ISA-L', () => sh(`igzip -dc < ${blob} | sha256sum`)],
    ['7-Zip', () => sh(`7zz x -bd -so -si -tgzip < ${blob} | sha256sum`)],
    [
      'Python gzip',
      () =>
        sh(
          `python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))' < ${blob} | sha256sum`,
        ),
    ],
    [
      'Python zlib.decompressobj',
      () =>
        sh(
          `python3 -c 'import sys, zlib; d = zlib.decompressobj(31); sys.stdout.buffer.write(d.decompress(sys.stdin.buffer.read())); assert d.eof and not d.unused_data' < ${blob} | sha256sum`,
        ),
    ],
    ['Go compress/gzip and archive/tar', () => sh(`go run ${DECODERS}/gunzip.go < ${blob}`)],
    ['Java GZIPInputStream', () => sh(`java ${DECODERS}/Gunzip.java < ${blob}`)],
    ['Node zlib', () => hashOf(createReadStream(blob).pipe(createGunzip()))],
    [
      'DecompressionStream',
      () => hashOf(Readable.toWeb(createReadStream(blob)).pipeThrough(new DecompressionStream('gzip'))),
    ],
  ])('for %s', async (_name, decode) => {
    expect(`sha256:${(await decode()).slice(0, 64)}`).toBe(layer.diffId);
  });

  it('for every package layer', async () => {
    for (const { digest, diffId } of layers)
      expect(`sha256:${(await sh(`gzip -dc < ${blobOf(digest)} | sha256sum`)).slice(0, 64)}`).toBe(diffId);
  });
});

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}

describe('the files are the same', () => {
  it('for Python tarfile as a stream', async () => {
    expect(await sh(`python3 ${DECODERS}/listing.py 'r|gz' < ${blob}`)).toBe(expected);
  });

  it.each([
    ['GNU tar', 'tar -xzf'],
    ['GNU tar with pigz', 'tar --use-compress-program=pigz -xf'],
    ['bsdtar', 'bsdtar -xf'],
  ])('unpacked by %s', async (name, program) => {
    const out = join(folder, name.replaceAll(' ', '-'));
    await mkdir(out);
    await sh(`cd ${out} && ${program} ${blob}`);
    expect(await listed(out)).toBe(expected);
  });

  it('in an image unpacked by umoci', async () => {
    await run('umoci', ['unpack', '--image', `${layout}:x`, join(folder, 'umoci')]);
    await expectInside(join(folder, 'umoci', 'rootfs'));
  });

  it('in an image copied and decompressed by skopeo', async () => {
    const out = join(folder, 'skopeo');
    await run('skopeo', ['copy', '--quiet', '--dest-decompress', `oci:${layout}:x`, `dir:${out}`]);
    expect((await readFile(join(out, layer.diffId.slice(7)))).length).toBeGreaterThan(layer.size);
  });

  it('in an image exported by crane', async () => {
    const registry = await startRegistry('distribution 2.8');
    try {
      const place = `${registry.host}/readers:x`;
      const out = join(folder, 'crane');
      await mkdir(out);
      await sh(
        `crane push --insecure ${layout} ${place} && crane export --insecure ${place} - | tar -C ${out} -xf - opt`,
      );
      await expectInside(out);
    } finally {
      await registry.stop();
    }
  });

  it.each(['vfs', 'overlay'] as const)('in an image run by podman with %s', async (driver) => {
    const podman = await createPodman(driver);
    try {
      const said = await podman.run(`oci:${layout}:x`, [
        'sh',
        '-c',
        'cd / && find opt/venv -type f -print0 | xargs -0 sha256sum',
      ]);
      const lines = new Set(said.trim().split('\n'));
      expect(
        expected
          .trim()
          .split('\n')
          .filter((line) => !lines.has(line)),
      ).toEqual([]);
    } finally {
      await podman.close();
    }
  });

  it('in an image mounted by buildah', async () => {
    const place = join(folder, 'buildah');
    const buildah = `buildah --root ${place}/root --runroot ${place}/run --storage-driver overlay`;
    // A mount of the root of the storage itself stays behind.
    await sh(`name=$(${buildah} from --quiet oci:${layout}:x)
mkdir ${place}/out && cp -a "$(${buildah} mount "$name")/opt" ${place}/out
${buildah} rm --all > ${place}/log && umount -R ${place}/root/overlay 2>> ${place}/log || true`);
    await expectInside(join(place, 'out'));
  });

  it('in an image unpacked by containerd', async () => {
    await expectInside(await unpackedByContainerd());
  });
});

/** Every file of the layer stands in the tree with its content. */
async function expectInside(root: string): Promise<void> {
  const lines = new Set((await listed(root)).split('\n'));
  expect(expected.split('\n').filter((line) => line !== '' && !lines.has(line))).toEqual([]);
}

/** A private containerd imports the image and mounts it; the tree is copied out. */
async function unpackedByContainerd(): Promise<string> {
  const place = join(folder, 'containerd');
  const out = join(place, 'out');
  await mkdir(out, { recursive: true });
  const bin = join(GROUND, 'containerd', 'usr', 'bin');
  await sh(`cd ${place}
printf 'version = 2\\nroot = "${place}/root"\\nstate = "${place}/state"\\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\\n[grpc]\\naddress = "${place}/sock"\\n' > config.toml
timeout 300 ${bin}/containerd --config config.toml > log 2>&1 & daemon=$!
trap 'kill $daemon; wait $daemon || true' EXIT
for i in $(seq 100); do [ -S sock ] && break; sleep 0.1; done
ctr="${bin}/ctr --address ${place}/sock"
skopeo copy --quiet oci:${layout}:x oci-archive:image.tar:example/x:x
$ctr images import --no-unpack --base-name example/x image.tar
name=$($ctr images ls -q | head -1)
$ctr images mount "$name" mnt 2>/dev/null || { mkdir -p mnt && $ctr images mount "$name" mnt; }
cp -a mnt/opt out/
$ctr images unmount mnt`);
  return out;
}
