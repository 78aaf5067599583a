// Words for people: sizes, tables, errors.
import type { Inspection } from '../build/look.ts';
import type { ImageResult, LayerResult, PlanResult } from '../build/result.ts';
import { isImageSpecError, messageOf } from '../core/error.ts';
import { shorten, withoutControls } from './progress.ts';

/** `12.3 MB`: decimal units, as registries and `du --si` count. */
export function printSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Columns padded to their widest cell; the columns named in `right` are aligned to the right. */
export function printTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

function layerRow(layer: LayerResult): string[] {
  return [layer.digest.slice(7, 19), shorten(layer.content, 56), printSize(layer.size), layer.origin, layer.transfer];
}

/** One table per platform, then what moved. */
export function printResult(image: ImageResult): string {
  if (image.status === 'exists') return `${image.reference} exists already; nothing to do\n${printWarnings(image)}`;
  const tables = image.platforms.map(({ platform, layers }) => {
    const head = ['LAYER', 'CONTENT', 'SIZE', 'ORIGIN', 'TRANSFER'];
    return `${platform}\n${printTable([head, ...layers.map(layerRow)], [2])}`;
  });
  const moved = `${printSize(image.bytes.downloaded)} downloaded, ${printSize(image.bytes.uploaded)} uploaded`;
  // The reference itself is the command's result.
  const where = image.outputs.flatMap((output) => (output === image.reference ? [] : [`${output}\n`])).join('');
  return `${tables.join('\n')}\n${printSize(image.size)} in all; ${moved}\n${printWarnings(image)}${where}`;
}

function printWarnings(image: ImageResult): string {
  return image.warnings.map((warning) => `warning: ${warning}\n`).join('');
}

const WAYS = { debian: 'from Debian packages', managed: 'as a layer of its own' } as const;

export function printPlan(plan: PlanResult): string {
  const state = plan.exists === undefined ? '' : plan.exists ? ' exists already' : ' does not exist yet';
  const head = `${plan.reference}${state}\n`;
  const parts = plan.platforms.map(({ platform, base, python, pythonOrigin, packages, layers }) => {
    const rows = layers.map((layer) => [layer.action, shorten(layer.content, 64), printSize(layer.size)]);
    const about = `${platform}: base ${base}${python ? `, Python ${python}` : ''}, ${packages.length} packages\n`;
    const why = pythonOrigin ? `Python comes ${WAYS[pythonOrigin.from]}. ${pythonOrigin.reason}.\n` : '';
    return about + why + printTable([['ACTION', 'CONTENT', 'SIZE'], ...rows], [2]);
  });
  return `${head}${parts.join('\n')}to: ${plan.outputs.join(', ')}\n`;
}

/** The message, all findings, the hint; causes only when asked for. */
export function printError(error: unknown, verbose: boolean): string {
  return withoutControls(errorText(error, verbose));
}

function errorText(error: unknown, verbose: boolean): string {
  if (!isImageSpecError(error)) {
    const stack = error instanceof Error ? error.stack : String(error);
    return `error: this is a bug of imagespec, please report it\n${stack}\n`;
  }
  // What the message says already is not said again; of a single issue, the hint says the rest.
  const more = error.issues.filter((issue) => !error.message.includes(issue) && !issue.startsWith(error.message));
  const issues = more.map((issue) => `  - ${issue}\n`).join('');
  const hint = error.hint ? `hint: ${error.hint}\n` : '';
  const causes = verbose ? causesOf(error) : '';
  return `error: ${error.message} [${error.code}]\n${issues}${hint}${causes}`;
}

function causesOf(error: Error): string {
  let text = '';
  for (let cause = error.cause; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
    text += `caused by: ${messageOf(cause)}\n`;
  }
  return text;
}

export function printInspection(inspection: Inspection): string {
  const head = `${inspection.reference}\n${inspection.digest}\n`;
  const parts = inspection.images.map((image) => {
    const words: [string, string][] = [
      ['user', image.user],
      ['workdir', image.workingDirectory],
      ['entrypoint', image.entrypoint.join(' ')],
      ['cmd', image.cmd.join(' ')],
    ];
    const about = printTable(words.filter(([, value]) => value !== '').map(([name, value]) => [`  ${name}`, value]));
    const rows = image.layers.map((layer) => [
      layer.digest.slice(7, 19),
      printSize(layer.size),
      shorten(layer.content, 70),
    ]);
    return `\n${image.platform}  ${image.digest}\n${about}${printTable([['LAYER', 'SIZE', 'CONTENT'], ...rows], [1])}`;
  });
  return head + parts.join('');
}
