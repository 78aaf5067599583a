// The input key of a layer of packages: its packages and not the base, so that images on different bases share layers.
import type { Digest } from '../core/digest.ts';
import { digestOf } from '../core/digest.ts';
import type { Json } from '../core/json.ts';
import { keyOf } from '../core/json.ts';
import type { Entry } from '../filesystem/entry.ts';
import { LAYER_FORMAT } from '../layer/format.ts';

/**
 * @param origin the packages, and the format in which they are installed
 * What else decides the bytes is in the entries: which parents a base makes necessary, and which files are another package's.
 */
export function layerKey(entries: readonly Entry[], origin: Json): Digest {
  const directories = entries.filter((entry) => entry.type === 'directory').map((entry) => ({ ...entry }));
  const paths = digestOf(entries.map((entry) => entry.path).join('\0'));
  return keyOf({ format: LAYER_FORMAT, origin, directories, paths });
}

/** What a layer of a record is made of, when it must be made again. A record that other code has made must not be read any more: its format tells. */
export function entriesOfPart(
  key: Digest,
  parts: readonly { readonly key: Digest; readonly entries: readonly Entry[] }[],
): readonly Entry[] {
  const found = parts.find((one) => one.key === key);
  if (!found) throw new Error(`no part of the installation has the key ${key}: a format was not raised`);
  return found.entries;
}
