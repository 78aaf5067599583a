// Wheels made by hand, byte by byte: what the specification allows and hardly any package does.
import { makeWheel } from '../../python/make-wheel.ts';
import type { TestMember } from '../../python/make-zip.ts';

/** Content of a member, or the content with what else its zip entry says. */
type HandmadeMember =
  | string
  | {
      readonly text: string;
      /** Unix mode; 0 for a zip that was made where there are none. */
      readonly mode?: number;
      readonly stored?: boolean;
    };

export interface Handmade {
  /** As the file name has it: `demo_tools`. */
  readonly name: string;
  readonly version?: string;
  readonly build?: string;
  readonly tag?: string;
  /** By path; a path that ends with a slash is an empty directory. */
  readonly files: Readonly<Record<string, HandmadeMember>>;
  readonly entryPoints?: string;
  readonly requires?: readonly string[];
  /** As dist-info and METADATA have it, when not as the file name. */
  readonly ownName?: string;
  /** Of the hashes in RECORD. */
  readonly algorithm?: 'sha256' | 'sha512';
}

export interface HandmadeWheel {
  readonly filename: string;
  readonly bytes: Buffer;
}

/** Bit 11 (APPNOTE.TXT 4.4.4). */
const UTF8_NAMES = 0x800;
const SIGNATURE = /\/RECORD\.(?:jws|p7s)$/;

export function makeHandmade(handmade: Handmade): HandmadeWheel {
  const { name, version = '1.0', build, tag = 'py3-none-any', entryPoints, ownName = name, algorithm } = handmade;
  const info = `${ownName}-${version}.dist-info`;
  const members = Object.entries(handmade.files).map(([path, member]) => memberOf(path, member));
  if (entryPoints !== undefined) members.push({ name: `${info}/entry_points.txt`, content: entryPoints });
  const requires = (handmade.requires ?? []).map((one) => `Requires-Dist: ${one}\n`).join('');
  const isListed = ({ name: path }: TestMember): boolean => !SIGNATURE.test(String(path));
  const bytes = makeWheel(members.filter(isListed), {
    name: ownName,
    version,
    metadata: `Metadata-Version: 2.1\nName: ${ownName}\nVersion: ${version}\n${requires}`,
    wheel: `Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
    unlisted: members.filter((member) => !isListed(member)),
    ...(algorithm && { algorithm }),
  });
  const filename = [name, version, ...(build === undefined ? [] : [build]), tag].join('-');
  return { filename: `${filename}.whl`, bytes };
}

function memberOf(path: string, member: HandmadeMember): TestMember {
  const { text, mode = 0o644, stored = false } = typeof member === 'string' ? { text: member } : member;
  const isFolder = path.endsWith('/');
  const kind = isFolder ? 0o040000 : 0o100000;
  return {
    name: path,
    content: text,
    flags: UTF8_NAMES,
    method: stored || isFolder ? 0 : 8,
    // A zip that was made where there are no modes has none.
    ...(mode === 0 ? { mode: 0, host: 0 } : { mode: kind | mode, host: 3 }),
  };
}
