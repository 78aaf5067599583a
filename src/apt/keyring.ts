// The keys that a package source may be signed with, as files and as what openpgp makes of them.
import type { PublicKey } from 'openpgp';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { AptFolder } from './apt-folder.ts';

interface KeyringFile {
  /** Path, or where the key stands, for messages. */
  readonly name: string;
  /** Binary or armored. */
  readonly bytes: Uint8Array;
}

export interface Keyring {
  readonly files: readonly KeyringFile[];
  /** Only these keys of them: hexadecimal in upper case, with `!` at its end for exactly this key and none of its subkeys. Empty: all. */
  readonly fingerprints: readonly string[];
}

const BEGIN = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const BLOCKS = /-----BEGIN PGP PUBLIC KEY BLOCK-----[^]*?-----END PGP PUBLIC KEY BLOCK-----/g;

/** What sources without `Signed-By` are checked with: `trusted.gpg` and the files of `trusted.gpg.d`, in order. */
export function trustedKeyring(folder: AptFolder): Keyring {
  const parts = folder
    .list('/etc/apt/trusted.gpg.d')
    .filter((name) => /^[\w.-]+\.(?:gpg|asc)$/.test(name))
    .sort()
    .map((name) => `/etc/apt/trusted.gpg.d/${name}`);
  const files = ['/etc/apt/trusted.gpg', ...parts].flatMap((name) => {
    const bytes = folder.read(name);
    return bytes && bytes.length > 0 ? [{ name, bytes }] : [];
  });
  return { files, fingerprints: [] };
}

export function isArmoredKey(text: string): boolean {
  return text.includes(BEGIN);
}

/** All keys of the files. Throws `APT_SOURCES_INVALID` for a file that holds none. */
export async function readKeys(keyring: Keyring): Promise<PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const file of keyring.files) keys.push(...(await readFileKeys(file)));
  return keys;
}

async function readFileKeys({ name, bytes }: KeyringFile): Promise<PublicKey[]> {
  const openpgp = await import('openpgp');
  try {
    const text = Buffer.from(bytes).toString('latin1');
    if (!isArmoredKey(text)) return await openpgp.readKeys({ binaryKeys: Uint8Array.from(bytes) });
    const blocks = [...text.matchAll(BLOCKS)].map(([block]) => openpgp.readKeys({ armoredKeys: block }));
    return (await Promise.all(blocks)).flat();
  } catch (cause) {
    throw new ImageSpecError('APT_SOURCES_INVALID', `${name} is not a keyring of OpenPGP keys: ${messageOf(cause)}`, {
      hint: 'It must be what "gpg --export" writes, armored or not; the keybox format of gpg itself is no keyring for apt.',
      facts: { file: name },
      cause,
    });
  }
}

/** `AB12…` or `AB12…!`, as Signed-By has them; undefined for anything else. */
export function parseFingerprint(text: string): string | undefined {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})!?$/i.test(text) ? text.toUpperCase() : undefined;
}
