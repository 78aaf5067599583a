// Real registries on the loopback: started for a test, ended by their process id, and by themselves if the test dies.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Image, Index } from '../../../src/content/content.ts';
import { copy } from '../../../src/content/copy.ts';
import { createContext } from '../../../src/core/context.ts';
import { createAccess } from '../../../src/registry/access.ts';
import { createHttp } from '../../../src/registry/http.ts';
import { registryStore } from '../../../src/registry/store.ts';
import { PATH } from './folder.ts';

interface LoggedRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly status: number;
}

export interface Registry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** All requests since the start, or since `forget`. */
  readonly requests: () => Promise<LoggedRequest[]>;
  readonly forget: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export type RegistryKind = 'distribution 2.8' | 'distribution 3';

const PROGRAMS: Readonly<Record<RegistryKind, string>> = {
  'distribution 2.8': 'docker-registry',
  'distribution 3': 'registry',
};
/** No test takes longer; a registry that was forgotten ends then. */
const LIFE_SECONDS = 3600;

export async function startRegistry(kind: RegistryKind): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'imagespec-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: host, secret: 'test' },
  };
  // JSON is YAML.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
  const log = join(folder, 'log');
  const out = openSync(log, 'a');
  const child = spawn('timeout', [String(LIFE_SECONDS), PROGRAMS[kind], 'serve', join(folder, 'config.yml')], {
    env: { ...process.env, PATH, OTEL_TRACES_EXPORTER: 'none' },
    stdio: ['ignore', out, out],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await untilUp(host, log);
  let seen = 0;
  const requests = async (): Promise<LoggedRequest[]> => {
    // The log is written by another process: let it come to rest.
    await sleep(50);
    return parseLog(await readFile(log, 'utf8')).slice(seen);
  };
  return {
    host,
    requests,
    forget: async () => void (seen += (await requests()).length),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Apache's combined log format. */
function parseLog(text: string): LoggedRequest[] {
  const lines = text.matchAll(/"(GET|HEAD|POST|PATCH|PUT|DELETE) (\S+) HTTP\/1\.[01]" (\d{3})/g);
  return [...lines]
    .map(([, method = '', path = '', status]) => ({ method, path, status: Number(status) }))
    .filter(({ path }) => path !== '/v2/');
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilUp(host: string, log: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const up = await fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) return;
    await sleep(100);
  }
  throw new Error(`the registry did not start: ${await readFile(log, 'utf8')}`);
}

/** Puts an image of the ground under `host/repository:tag`. */
export async function pushTo(host: string, repository: string, tag: string, root: Image | Index): Promise<void> {
  const http = createHttp({ env: {}, random: Math.random, now: Date.now, userAgent: 'imagespec-test' });
  const access = createAccess({ http, env: {}, home: '/nonexistent', now: Date.now });
  try {
    await copy(createContext(), root, registryStore({ registry: host, repository }, { access }), [tag]);
  } finally {
    await http.close();
  }
}
