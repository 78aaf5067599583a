// How the tests of this room get at a registry: a fake one, an http client that does not wait, and credentials in a private home.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Store } from '../../src/content/store.ts';
import type { Context } from '../../src/core/context.ts';
import { createContext } from '../../src/core/context.ts';
import type { BuildEvent } from '../../src/core/event.ts';
import { createAccess } from '../../src/registry/access.ts';
import type { Http, HttpOptions } from '../../src/registry/http.ts';
import { createHttp } from '../../src/registry/http.ts';
import { registryStore } from '../../src/registry/store.ts';
import type { FakeRegistry, FakeRegistryOptions } from './fake-registry.ts';
import { startFakeRegistry } from './fake-registry.ts';

export interface TestHttp extends Http {
  /** Milliseconds of every wait, in order; none of them was waited. */
  readonly waits: number[];
}

export function testHttp(options: Partial<HttpOptions> = {}): TestHttp {
  const waits: number[] = [];
  let clock = 1_700_000_000_000;
  const http = createHttp({
    env: {},
    userAgent: 'imagespec/test',
    random: () => 0.5,
    now: () => clock,
    sleep: (ms) => {
      waits.push(ms);
      clock += ms;
      return Promise.resolve();
    },
    ...options,
  });
  onTestFinished(() => http.close());
  return { ...http, waits };
}

/** A home folder with these files in it, by path. */
export async function testHome(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'imagespec-home-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), text, { mode: 0o755 });
  }
  return home;
}

export const basicAuth = (username: string, password: string): string =>
  Buffer.from(`${username}:${password}`).toString('base64');

/** What `docker login` writes. */
export function dockerConfig(host: string, entry: Readonly<Record<string, string>>): string {
  return JSON.stringify({ auths: { [host]: entry } });
}

export interface TestRegistry extends FakeRegistry {
  readonly http: TestHttp;
  /** The repository `acme/app`, or another, as our store. */
  readonly open: (repository?: string) => Store;
}

export interface TestRegistryOptions extends FakeRegistryOptions {
  /** Put into ~/.docker/config.json for the registry. */
  readonly login?: Readonly<Record<string, string>>;
  readonly insecure?: boolean;
  readonly httpOptions?: Partial<HttpOptions>;
}

export async function testRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { login, insecure, httpOptions } = options;
  const registry = await startFakeRegistry(options);
  onTestFinished(() => registry.close());
  const home = await testHome(login ? { '.docker/config.json': dockerConfig(registry.host, login) } : {});
  const http = testHttp(httpOptions);
  const access = createAccess({ http, env: {}, home, now: () => 0 });
  const open = (repository = 'acme/app'): Store =>
    registryStore({ registry: registry.host, repository }, { access, insecure });
  return { ...registry, http, open };
}

export function testContext(): Context & { readonly events: BuildEvent[] } {
  const events: BuildEvent[] = [];
  return { ...createContext({ on: (event) => events.push(event) }), events };
}

/** `METHOD path` of what the registry was asked. */
export function asked({ requests }: FakeRegistry, server = 'registry'): string[] {
  return requests.filter((request) => request.server === server).map(({ method, path }) => `${method} ${path}`);
}
