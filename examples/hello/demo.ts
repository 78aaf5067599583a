// `npm run demo`: composes the image of this folder from nothing, for two platforms, shows what is in it, and starts it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unpackLayers } from './unpack-layers.ts';

const HERE = import.meta.dirname;
const IMAGE = join('.imagespec', 'hello');

function imagespec(...args: string[]): void {
  console.log(`\n$ imagespec ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, [join(HERE, '../../bin/imagespec.js'), ...args], {
    cwd: HERE,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Starts the image as uid 1000 in a user namespace of its own, with nothing but util-linux: no engine, no root. */
async function start(root: string, env: Readonly<Record<string, string>>): Promise<void> {
  const port = await freePort();
  const command = ['/opt/venv/bin/uvicorn', 'app.main:api', '--host', '127.0.0.1', '--port', String(port)];
  const inside = ['--user', '--map-user=1000', '--map-group=1000', `--root=${root}`, '--wd=/root'];
  const program = spawn('unshare', [...inside, ...command], { env, stdio: 'inherit' });
  const ended = once(program, 'exit');
  try {
    console.log(`\n$ GET http://127.0.0.1:${port}/`);
    console.log(await answer(`http://127.0.0.1:${port}/`, ended));
  } finally {
    program.kill();
    await ended;
  }
}

/** The service needs a second to start. */
async function answer(url: string, ended: Promise<unknown>): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const text = await fetch(url).then(
      (response) => response.text(),
      () => undefined,
    );
    if (text !== undefined) return text;
    const stopped = await Promise.race([ended, delay(100)]);
    if (stopped) break;
  }
  throw new Error('the service did not start');
}

imagespec('build', '--plan');
imagespec('build');
imagespec('inspect', `oci:${IMAGE}`);
imagespec('validate', `oci:${IMAGE}`);
const root = await mkdtemp(join(tmpdir(), 'imagespec-demo-'));
try {
  const { env, bytes } = await unpackLayers(join(HERE, IMAGE), 'amd64', root);
  console.log(`\nlinux/amd64 has ${(bytes / 1e6).toFixed(1)} MB compressed.`);
  if (process.platform === 'linux' && process.arch === 'x64') await start(root, env);
  else console.log('It is not started here: this is another kind of machine.');
} finally {
  await rm(root, { recursive: true, force: true });
}
console.log('\nThe image is an OCI layout in examples/hello/.imagespec/hello. With an engine, for example:');
console.log('  podman run --rm -p 8000:8000 oci:examples/hello/.imagespec/hello');
