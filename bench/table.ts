// The result of the bench for people: figures, ratios to our cold run, and the goals they are meant to reach.
import type { Measure } from './measure.ts';

export interface Row extends Measure {
  readonly name: string;
  /** Sent to the registry. */
  readonly pushedMegabytes: number;
}

export function printTable(rows: readonly Row[]): string {
  const [ours] = rows;
  if (!ours) return '';
  const lines = rows.map((row) => {
    const cells = [
      row.name,
      row.wallSeconds.toFixed(digits(row.wallSeconds)),
      times(row.wallSeconds, ours.wallSeconds),
      row.cpuSeconds.toFixed(digits(row.cpuSeconds)),
      times(row.cpuSeconds, ours.cpuSeconds),
      row.peakMegabytes.toFixed(0),
      row.pushedMegabytes.toFixed(2),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const head = '| party | wall s | × ours | CPU s | × ours | peak MB | pushed MB |';
  return [head, '| --- | ---: | ---: | ---: | ---: | ---: | ---: |', ...lines, '', ...goals(rows)].join('\n');
}

const digits = (seconds: number): number => (seconds < 0.2 ? 3 : 2);
const times = (value: number, unit: number): string => (value / unit).toFixed(2);

/** What is measured against what, and the ratio that is wanted: at least, or at most. */
const GOALS: readonly (readonly [slow: RegExp, fast: RegExp, bound: 'at least' | 'at most', wanted: number])[] = [
  [/^buildah bud/, /layers new/, 'at least', 10],
  [/^uv .* append/, /layers new/, 'at least', 8],
  [/^buildah .*nothing kept/, /base new too/, 'at least', 10],
  [/^uv .*nothing kept/, /base new too/, 'at least', 8],
  [/layers new/, /^limit/, 'at most', 1.6],
  [/^uv .* append/, /layers known/, 'at least', 25],
  [/^mmdebstrap/, /layers known/, 'at least', 10],
  [/^buildah .* apt-get/, /layers known/, 'at least', 10],
  [/^mmdebstrap/, /from nothing/, 'at least', 1],
];

function goals(rows: readonly Row[]): string[] {
  const lines = GOALS.flatMap(([slow, fast, bound, wanted]) => {
    const a = rows.find(({ name }) => slow.test(name));
    const b = rows.find(({ name }) => fast.test(name));
    if (!a || !b) return [];
    const ratios = `${times(a.wallSeconds, b.wallSeconds)} (wall), ${times(a.cpuSeconds, b.cpuSeconds)} (CPU)`;
    return [`${a.name} / ${b.name}: ${ratios}; wanted ${bound} ${wanted}`];
  });
  return [...lines, ...unchanged(rows), ...added(rows)];
}

/** What one command adds to a build that is otherwise the same. */
function added(rows: readonly Row[]): string[] {
  const [ours, theirs] = ['imagespec', 'buildah bud'].map((who) => {
    const [one, none] = ['one command', 'without'].map((what) => rows.find(({ name }) => name === `${who}, ${what}`));
    return one && none && one.wallSeconds - none.wallSeconds;
  });
  const starts = ['imagespec run', 'podman run'].map((who) => rows.find(({ name }) => name === who)?.wallSeconds);
  if (ours === undefined || theirs === undefined || !starts[0] || !starts[1]) return [];
  return [
    `one command adds ${ours.toFixed(3)} s, in buildah ${theirs.toFixed(3)} s; wanted at most 0.150, and 5 times less than buildah`,
    `imagespec run / podman run: ${times(starts[0], starts[1])} (wall); wanted at most 1`,
  ];
}

/** An unchanged spec is allowed three times what it takes to start Node and to ask for one digest. */
function unchanged(rows: readonly Row[]): string[] {
  const wall = (name: RegExp): number | undefined => rows.find((row) => name.test(row.name))?.wallSeconds;
  const [ours, crane, node] = [wall(/unchanged/), wall(/^crane digest/), wall(/^node/)];
  if (ours === undefined || crane === undefined || node === undefined) return [];
  return [`imagespec, unchanged / (crane digest + node -e 0): ${times(ours, crane + node)} (wall); wanted at most 3`];
}
