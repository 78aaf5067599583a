// How the first spec of a project is written in each language: its file, its comments, a parameter with its value.
import { camelCase } from './field-names.ts';
import type { FieldName } from './field-names.ts';
import { yamlLine } from './yaml-line.ts';

export type TemplateFormatName = 'yaml' | 'ts' | 'json' | 'pyproject';

export interface TemplateFormat {
  readonly file: string;
  /** In front of the parameters. */
  readonly head: string;
  readonly foot: string;
  /** In front of each line. */
  readonly indent: string;
  /** In front of what is said, and of what is not set; undefined where a language has no comments. */
  readonly comment: string | undefined;
  readonly line: (name: FieldName, value: unknown) => string;
}

/** Where `init` puts the JSON Schema, in the folder that is ours: editors find it by what the file says of it. */
export const SCHEMA_FILE = '.imagespec/schema.json';

const about = (comment: string): string =>
  `What goes into the image; \`imagespec build\` makes it. Remove the "${comment}" in front of a parameter to set it.`;

export const FORMATS: Readonly<Record<TemplateFormatName, TemplateFormat>> = {
  yaml: {
    file: 'imagespec.yaml',
    head: `# yaml-language-server: $schema=${SCHEMA_FILE}\n# ${about('# ')}\n`,
    foot: '',
    indent: '',
    comment: '# ',
    line: yamlLine,
  },
  ts: {
    file: 'imagespec.ts',
    head: `// ${about('// ')}\nimport { ImageSpec } from 'imagespec';\n\nexport default new ImageSpec({`,
    foot: '});\n',
    indent: '  ',
    comment: '// ',
    line: (name, value) => `${camelCase(name)}: ${tsValue(value)},`,
  },
  json: {
    file: 'imagespec.json',
    head: `{\n  "$schema": "${SCHEMA_FILE}",`,
    foot: '}\n',
    indent: '  ',
    comment: undefined,
    line: (name, value) => `"${name}": ${JSON.stringify(value)}`,
  },
  pyproject: {
    file: 'pyproject.toml',
    head: `[tool.imagespec]\n# ${about('# ')}\n`,
    foot: '',
    indent: '',
    comment: '# ',
    line: (name, value) => `${name} = ${tomlValue(value)}`,
  },
};

const isBare = (key: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(key);

/** A value as a program has it, on one line. */
function tsValue(value: unknown): string {
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(tsValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, one]) => `${isBare(key) ? key : tsValue(key)}: ${tsValue(one)}`);
  return `{ ${members.join(', ')} }`;
}

/** A value on one line (TOML 1.0, inline table); its strings are those of JSON. */
function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, one]) => `${isBare(key) ? key : JSON.stringify(key)} = ${tomlValue(one)}`,
  );
  return `{ ${members.join(', ')} }`;
}
