// A spec in YAML or JSON becomes a value whose parts know their place in the text.
import type { Document, Node, YAMLMap } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { Path, Position } from './check.ts';

export interface SpecDocument {
  /** Variables under `env` are a Map of the texts that were written. */
  readonly value: unknown;
  readonly locate: (path: Path) => Position | undefined;
}

/** Aliases that may be followed; a spec needs few, and a bomb of nested ones needs many. */
const ALIASES_MAX = 100;

const YAML_HINT =
  'Correct the file at this place; text that holds ": ", " #" or starts with a special character needs quotes.';
const JSON_HINT =
  'Correct the file at this place: JSON has no comments, no comma behind the last item, and double quotes around every name.';

/** Reads YAML 1.2 with its core types only: no tags that make objects, no merge keys, no two keys of one name. Throws `SPEC_UNREADABLE`. */
export function readYaml(text: string, file: string): SpecDocument {
  return read(text, file, 'YAML', YAML_HINT);
}

function read(text: string, file: string, language: string, hint: string): SpecDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    prettyErrors: false,
    lineCounter: lines,
  });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw unreadable(`${file}:${line}:${col} is not valid ${language}: ${problem.message}`, hint, problem);
  }
  try {
    return { value: valueOf(document), locate: (path) => locate(document, lines, path) };
  } catch (cause) {
    throw unreadable(`${file} is not valid ${language}: ${messageOf(cause)}`, hint, cause);
  }
}

/** Reads JSON by the YAML parser, since `JSON.parse` moves keys like "2" to the front and lets a later key win. Throws `SPEC_UNREADABLE`. */
export function readJson(text: string, file: string): SpecDocument {
  try {
    JSON.parse(text);
  } catch (cause) {
    const [, reason = '', line, column] =
      /^(.*?)(?: in JSON at position .*?line (\d+) column (\d+)\).*)?$/s.exec(messageOf(cause)) ?? [];
    const at = line === undefined ? '' : `:${line}:${column}`;
    throw unreadable(`${file}${at} is not valid JSON: ${reason}`, JSON_HINT, cause);
  }
  return read(text, file, 'JSON', JSON_HINT);
}

function unreadable(message: string, hint: string, cause: unknown): ImageSpecError {
  return new ImageSpecError('SPEC_UNREADABLE', message, { hint, cause });
}

function valueOf(document: Document.Parsed): unknown {
  const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
  const { contents } = document;
  const images = isMap(contents) ? followed(document, contents.get('images', true)) : undefined;
  const whole = withVariables(document, contents, value);
  if (!isMap(images)) return whole;
  const specs = Object.entries((value as { images: object }).images);
  const own = specs.map(([key, one]) => [key, withVariables(document, images.get(key, true), one)]);
  return { ...(whole as object), images: Object.fromEntries(own) };
}

/** A spec, and those that it stands on, with their variables as Maps. */
function withVariables(document: Document.Parsed, node: unknown, value: unknown): unknown {
  const spec = followed(document, node);
  if (!isMap(spec)) return value;
  const fields = { ...(value as Record<string, unknown>) };
  const env = followed(document, spec.get('env', true));
  if (isMap(env)) fields['env'] = variablesOf(document, env);
  const base = followed(document, spec.get('base_image', true));
  if (isMap(base)) fields['base_image'] = withVariables(document, base, fields['base_image']);
  return fields;
}

function variablesOf(document: Document.Parsed, env: YAMLMap): unknown {
  for (const { value: node } of env.items) {
    if (isScalar(node) && (typeof node.value === 'number' || typeof node.value === 'boolean')) node.value = node.source;
  }
  return env.toJS(document, { mapAsMap: true, maxAliasCount: ALIASES_MAX });
}

function followed(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** The place of the deepest part of the path that is in the text: keys where there are keys, else items. */
function locate(document: Document.Parsed, lines: LineCounter, path: Path): Position | undefined {
  let node: unknown = document.contents;
  let found: Node | undefined;
  for (const part of path) {
    const inside = followed(document, node);
    if (isMap(inside)) {
      const pair = inside.items.find(({ key }) => isScalar(key) && key.value === part);
      if (!pair) break;
      found = pair.key as Node;
      node = pair.value;
    } else if (isSeq(inside)) {
      node = inside.items[Number(part)];
      found = node as Node;
    }
  }
  if (!found?.range) return undefined;
  const { line, col } = lines.linePos(found.range[0]);
  return { line, column: col };
}
