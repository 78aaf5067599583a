import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { ProgressStyle } from '../../src/cli/progress.ts';
import { createProgress } from '../../src/cli/progress.ts';
import type { BuildEvent } from '../../src/core/event.ts';

const MEGABYTE = 1 << 20;
const EVENTS: readonly BuildEvent[] = [
  { type: 'start', id: 1, step: 'resolve', subject: 'linux/amd64' },
  { type: 'log', level: 'warning', message: 'the base has moved' },
  { type: 'log', level: 'debug', message: 'a detail' },
  { type: 'end', id: 1, outcome: 'done' },
  { type: 'start', id: 2, step: 'download', subject: 'numpy.whl', total: 4 * MEGABYTE, unit: 'bytes' },
  { type: 'progress', id: 2, done: MEGABYTE },
  { type: 'end', id: 2, outcome: 'done' },
  { type: 'start', id: 3, step: 'upload', subject: `sha256:${'ab'.repeat(32)}`, total: 10, unit: 'bytes' },
  { type: 'end', id: 3, outcome: 'skipped', note: 'exists' },
  { type: 'start', id: 4, step: 'hash', subject: 'inner work' },
  { type: 'end', id: 4, outcome: 'done' },
];

async function start(style: ProgressStyle) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 100 });
  let text = '';
  stream.on('data', (chunk: string) => (text += chunk));
  const view = await createProgress(style, { write: (words) => void stream.write(words), stream });
  return { view, text: () => text };
}

async function shown(style: ProgressStyle): Promise<string> {
  const { view, text } = await start(style);
  for (const event of EVENTS) view.on(event);
  view.stop();
  return text();
}

describe('progress', () => {
  it('is a line for each finished step where nobody watches', async () => {
    expect(await shown('plain')).toBe(
      'warning: the base has moved\nresolve linux/amd64\ndownload numpy.whl\nupload abababababab: exists\n',
    );
  });

  it('is every event as a line of JSON for programs', async () => {
    const lines = (await shown('json')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as BuildEvent)).toEqual(EVENTS);
  });

  it('is bars on a terminal, and words where the length is not known', async () => {
    const { view, text } = await start('bars');
    const drawn = (words: string) => vi.waitFor(() => expect(text()).toContain(words));
    const [resolve, warning, detail, resolved, download, quarter] = EVENTS;
    view.on(resolve!);
    view.on(detail!);
    await drawn('resolve linux/amd64 …');
    view.on(warning!);
    await drawn('warning: the base has moved');
    view.on(resolved!);
    view.on(download!);
    view.on(quarter!);
    await drawn('25% download numpy.whl');
    view.stop();
    expect(text()).not.toContain('a detail');
  });

  it('is nothing when nothing is wanted', async () => {
    expect(await shown('none')).toBe('');
  });
});
