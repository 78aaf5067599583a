// control.tar: the control file, which says what package this is, and the files beside it, which dpkg keeps.
import type { Refuse } from '../filesystem/layer-error.ts';
import type { Stanza } from './control.ts';
import { fieldOf, parseStanzas } from './control.ts';
import type { OpenedDeb } from './opened-deb.ts';
import type { TarEntry } from './tar-reader.ts';
import { TarReader } from './tar-reader.ts';

/** `md5sums` of a package with a hundred thousand files has some ten million bytes; nothing else comes near. */
export const CONTROL_LIMIT_BYTES = 32 << 20;

/** Names become `info/<package>.<member>` in dpkg's database. */
const MEMBER_NAME = /^[\w-][\w.+-]{0,99}$/;

/** As dpkg accepts them; names and versions become file names. */
const FIELDS = {
  Package: /^[a-z0-9][a-z0-9+._-]*$/i,
  Version: /^[0-9a-z.+:~-]+$/i,
  Architecture: /^[a-z0-9][a-z0-9-]*$/,
} as const;

export type DebControl = Pick<OpenedDeb, 'name' | 'version' | 'architecture' | 'control' | 'members'>;

/** @param tar bounded by `CONTROL_LIMIT_BYTES`, since all of it is held */
export async function readControl(tar: AsyncIterable<Uint8Array>, refuse: Refuse): Promise<DebControl> {
  const members = new Map<string, { bytes: Uint8Array; mode: number }>();
  const reader = new TarReader(tar, refuse);
  try {
    for (let entry = await reader.next(); entry; entry = await reader.next()) {
      const name = nameOf(entry, refuse);
      if (name === undefined) continue;
      if (members.has(name)) throw refuse(`holds ${JSON.stringify(name)} twice`);
      members.set(name, { bytes: Uint8Array.from(await reader.take(entry.size)), mode: entry.mode });
    }
  } finally {
    await reader.close();
  }
  const control = members.get('control');
  if (!control) throw refuse('holds no control file');
  members.delete('control');
  const stanza = parseControl(control.bytes, refuse);
  return {
    name: field(stanza, 'Package', refuse),
    version: field(stanza, 'Version', refuse),
    architecture: field(stanza, 'Architecture', refuse),
    control: stanza,
    members,
  };
}

/** Undefined for the directory itself. */
function nameOf({ name, type }: TarEntry, refuse: Refuse): string | undefined {
  if (type === 'directory' && /^\.\/?$/.test(name)) return undefined;
  const plain = name.replace(/^\.\//, '');
  if (type !== 'file' || !MEMBER_NAME.test(plain))
    throw refuse(`holds a ${type} ${JSON.stringify(name.slice(0, 200))}, and not only plain files`);
  return plain;
}

function parseControl(bytes: Uint8Array, refuse: Refuse): Stanza {
  const text = Buffer.from(bytes).toString();
  if (!Buffer.from(text).equals(bytes)) throw refuse('holds a control file that is not UTF-8');
  const stanzas = parseStanzas(text, (line) => {
    throw refuse(`holds a control file with a line that is no field: ${JSON.stringify(line.slice(0, 100))}`);
  });
  const [stanza] = stanzas;
  if (!stanza || stanzas.length > 1) throw refuse(`holds a control file of ${stanzas.length} stanzas`);
  return stanza;
}

function field(stanza: Stanza, name: keyof typeof FIELDS, refuse: Refuse): string {
  const value = fieldOf(stanza, name);
  if (value === undefined || !FIELDS[name].test(value))
    throw refuse(`holds a control file with ${value === undefined ? 'no' : 'a damaged'} field ${name}`);
  return value;
}
