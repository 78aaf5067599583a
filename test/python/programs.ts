// Programs that only say what a test wants them to say, and a loopback server that answers what a test wants answered.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Handler, Listening, RecordedRequest } from '../registry/fake-server.ts';
import { createPlan, listen } from '../registry/fake-server.ts';

/** A shell script at this host path. */
export async function program(path: string, script: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

export interface TestServer extends Listening {
  readonly requests: readonly RecordedRequest[];
}

/** A server of its own for each test that asks, closed when the test ends. */
export async function serve(handler: Handler): Promise<TestServer> {
  const requests: RecordedRequest[] = [];
  const listening = await listen('registry', handler, createPlan([]), requests);
  onTestFinished(listening.close);
  return { ...listening, requests };
}
