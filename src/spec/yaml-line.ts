// One parameter with its example, as a line of a spec.
import { stringify } from 'yaml';

/** `copy: [app, config.toml]` */
export function yamlLine(name: string, value: unknown): string {
  const flow = stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 });
  return `${name}: ${flow.trimEnd()}`;
}

/** The first sentence of a description, for places that have one line. */
export function firstSentence(text: string): string {
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;
}
