// Wheels made by hand, byte by byte: what the specification allows and hardly any package does.
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

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

export function makeWheel(handmade: Handmade): HandmadeWheel {
  const {
    name,
    version = '1.0',
    build,
    tag = 'py3-none-any',
    entryPoints,
    ownName = name,
    algorithm = 'sha256',
  } = handmade;
  const info = `${ownName}-${version}.dist-info`;
  const requires = (handmade.requires ?? []).map((one) => `Requires-Dist: ${one}\n`).join('');
  const files: Record<string, HandmadeMember> = {
    ...handmade.files,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${ownName}\nVersion: ${version}\n${requires}`,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
    ...(entryPoints !== undefined && { [`${info}/entry_points.txt`]: entryPoints }),
  };
  const members = { ...files, [`${info}/RECORD`]: recordOf(files, info, algorithm) };
  const filename = [name, version, ...(build === undefined ? [] : [build]), tag].join('-');
  return { filename: `${filename}.whl`, bytes: zipOf(members) };
}

const textOf = (member: HandmadeMember): Buffer => Buffer.from(typeof member === 'string' ? member : member.text);

function recordOf(files: Readonly<Record<string, HandmadeMember>>, info: string, algorithm: string): string {
  const rows = Object.entries(files).flatMap(([path, member]) => {
    if (path.endsWith('/') || /\/RECORD\.(?:jws|p7s)$/.test(path)) return [];
    const bytes = textOf(member);
    const cell = /[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
    return [`${cell},${algorithm}=${createHash(algorithm).update(bytes).digest('base64url')},${bytes.length}`];
  });
  return `${[...rows, `${info}/RECORD,,`].join('\n')}\n`;
}

/** Bit 11: names are UTF-8 (APPNOTE.TXT 4.4.4). */
const UTF8_NAMES = 0x800;
/** 1980-01-01, the first day that a zip can tell. */
const DATE = 0x21;

function zipOf(members: Readonly<Record<string, HandmadeMember>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, member] of Object.entries(members)) {
    const { local, central } = zipMember(path, member, offset);
    parts.push(local);
    directory.push(central);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
}

/** A member's local part with its bytes, and its line of the directory (4.3.7, 4.3.12). */
function zipMember(path: string, member: HandmadeMember, offset: number): { local: Buffer; central: Buffer } {
  const { mode = 0o644, stored = false } = typeof member === 'string' ? {} : member;
  const [name, content] = [Buffer.from(path), textOf(member)];
  const isStored = stored || path.endsWith('/');
  const bytes = isStored ? content : deflateRawSync(content);
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE(UTF8_NAMES, 2);
  shared.writeUInt16LE(isStored ? 0 : 8, 4);
  shared.writeUInt16LE(DATE, 8);
  shared.writeUInt32LE(crc32(content), 10);
  shared.writeUInt32LE(bytes.length, 14);
  shared.writeUInt32LE(content.length, 18);
  shared.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, name, bytes]);
  const rest = Buffer.alloc(14);
  const type = path.endsWith('/') ? 0o040000 : 0o100000;
  rest.writeUInt32LE(mode === 0 ? 0 : ((type | mode) << 16) >>> 0, 6);
  rest.writeUInt32LE(offset, 10);
  // 3: made on Unix, so that the attributes are its modes; 0: made where there are none.
  const madeBy = Buffer.from([20, mode === 0 ? 0 : 3]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, shared, rest, name]);
  return { local, central };
}
