// Events become a picture: bars on a terminal, plain lines in CI, JSON lines for programs. All of it goes to stderr.
import type { MultiBar, SingleBar } from 'cli-progress';
import type { BuildEvent, EndEvent, LogEvent, StartEvent } from '../core/event.ts';

export type ProgressStyle = 'bars' | 'plain' | 'json' | 'none';

export interface ProgressView {
  readonly on: (event: BuildEvent) => void;
  /** Takes the picture off the screen, before anything else is written. */
  readonly stop: () => void;
}

export interface Screen {
  readonly write: (text: string) => void;
  readonly stream: NodeJS.WritableStream;
}

/** Steps that a person wants to see; others are only in the JSON stream. */
const SHOWN = new Set([
  'resolve',
  'read base',
  'download',
  'index',
  'pack',
  'upload',
  'install',
  'unpack',
  'run',
  'compile',
  'configure',
]);
/** Steps shorter than this many bytes end before a bar could be read. */
const BAR_FROM_BYTES = 1 << 20;
const BAR = ' {bar} {percentage}% {step} {subject}';
/** Of unknown length, and not always short: resolving, installing. */
const NO_BAR = ' {step} {subject} …';

export async function createProgress(style: ProgressStyle, screen: Screen): Promise<ProgressView> {
  if (style === 'none') return { on: () => undefined, stop: () => undefined };
  if (style === 'json') return { on: (event) => screen.write(`${JSON.stringify(event)}\n`), stop: () => undefined };
  if (style === 'plain') return plainView(screen);
  const { MultiBar, Presets } = await import('cli-progress');
  const options = {
    format: BAR,
    clearOnComplete: true,
    hideCursor: true,
    stream: screen.stream,
    stopOnComplete: false,
  };
  return barView(new MultiBar(options, Presets.shades_grey));
}

/** Strangers' words are in messages and names; none of them may move the cursor or colour the terminal. */
export function withoutControls(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is removed
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ');
}

/** Digests and long lists are cut so that a line stays a line. */
export function shorten(subject: string, max = 60): string {
  const short = withoutControls(subject).replace(/^sha256:([0-9a-f]{12})[0-9a-f]{52}/, '$1');
  return short.length <= max ? short : `${short.slice(0, max - 1)}…`;
}

/** Of several images, which one a line is about. */
const imageOf = ({ image }: Pick<BuildEvent, 'image'>): string => (image === undefined ? '' : `${shorten(image)}: `);

function logLine({ image, level, message }: LogEvent): string {
  const prefix = imageOf({ image });
  // What programs of an image say bears its name already.
  return `${prefix}${level}: ${message.startsWith(prefix) ? message.slice(prefix.length) : message}\n`;
}

function plainView({ write }: Screen): ProgressView {
  const open = new Map<number, StartEvent>();
  const on = (event: BuildEvent): void => {
    if (event.type === 'start') open.set(event.id, event);
    if (event.type === 'log' && event.level !== 'debug') write(logLine(event));
    if (event.type !== 'end') return;
    const start = open.get(event.id);
    open.delete(event.id);
    if (start && SHOWN.has(start.step)) write(`${imageOf(event)}${endLine(start, event)}\n`);
  };
  return { on, stop: () => undefined };
}

function endLine(start: StartEvent, end: EndEvent): string {
  const how = end.note ?? (end.outcome === 'done' ? '' : end.outcome);
  return `${start.step} ${shorten(start.subject)}${how ? `: ${how}` : ''}`;
}

function barView(bars: MultiBar): ProgressView {
  const open = new Map<number, SingleBar>();
  // Taking the picture away clears to the end of the screen: what a program has written since may stand there.
  let isDrawn = false;
  const on = (event: BuildEvent): void => {
    isDrawn ||= event.type === 'start' || event.type === 'log';
    if (event.type === 'start' && SHOWN.has(event.step) && (event.total ?? BAR_FROM_BYTES) >= BAR_FROM_BYTES) {
      const payload = { step: event.step, subject: shorten(`${imageOf(event)}${event.subject}`, 40) };
      const format = event.total === undefined ? NO_BAR : BAR;
      open.set(event.id, bars.create(event.total ?? 1, 0, payload, { format }));
    } else if (event.type === 'progress') {
      open.get(event.id)?.update(event.done);
    } else if (event.type === 'end') {
      const bar = open.get(event.id);
      open.delete(event.id);
      if (bar) bars.remove(bar);
    } else if (event.type === 'log' && event.level !== 'debug') {
      bars.log(logLine(event));
    }
  };
  const stop = (): void => {
    if (isDrawn) bars.stop();
    isDrawn = false;
  };
  return { on, stop };
}
