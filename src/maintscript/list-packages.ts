// `dpkg-query --list` (dpkg 1.21): a table for people, which scripts cut into words all the same.
import type { Call } from '../shell/program.ts';
import { refuseOption } from './arguments.ts';
import type { DpkgState, InstalledPackage } from './dpkg-state.ts';
import { showFormat } from './show-format.ts';

const HEAD = `Desired=Unknown/Install/Remove/Purge/Hold
| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend
|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)
`;

/** What columns have at least, where the output is no terminal (dpkg's src/query/main.c). */
const WIDTHS = [14, 12, 12, 33] as const;
/** dpkg knows names that relations mention, and nothing of them. */
const UNKNOWN = { letters: 'un ', version: '<none>', architecture: '<none>', summary: '(no description available)' };

interface Row {
  readonly letters: string;
  readonly cells: readonly string[];
}

/** Names only: patterns are refused. */
export function listPackages(
  call: Call,
  state: DpkgState,
  names: readonly string[],
  isMentioned: (name: string) => boolean,
): number {
  const found: Row[] = [];
  let status = 0;
  for (const name of names) {
    if (/[*?[\]\\]/.test(name)) refuseOption(call.argv, `--list ${name}`);
    const one = state.find(name);
    if (one) found.push(rowOf(one));
    else if (isMentioned(name)) found.push(unknownRow(name));
    else {
      call.stderr(`dpkg-query: no packages found matching ${name}\n`);
      status = 1;
    }
  }
  if (names.length === 0) found.push(...[...state.all()].map(rowOf));
  if (found.length > 0) call.stdout(tableOf(found));
  return status;
}

function rowOf(one: InstalledPackage): Row {
  const [summary = ''] = showFormat('${Description}', one.name, one).split('\n');
  const cells = [showFormat('${binary:Package}', one.name, one), one.version, one.architecture, summary];
  return { letters: showFormat('${db:Status-Abbrev}', one.name, one), cells };
}

function unknownRow(name: string): Row {
  const { letters, version, architecture, summary } = UNKNOWN;
  return { letters, cells: [name, version, architecture, summary] };
}

function tableOf(rows: readonly Row[]): string {
  const widths = WIDTHS.map((least, i) => Math.max(least, ...rows.map(({ cells }) => cells[i]!.length)));
  const line = (letters: string, cells: readonly string[]): string =>
    `${letters} ${cells.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]!) : cell)).join(' ')}\n`;
  const rule = `+++-${widths.map((width) => '='.repeat(width)).join('-')}\n`;
  const body = rows.map(({ letters, cells }) => line(letters, cells)).join('');
  return `${HEAD}${line('||/', ['Name', 'Version', 'Architecture', 'Description'])}${rule}${body}`;
}
