// The order of a package's members, as deb(5) has it: `debian-binary`, `control.tar`, `data.tar`.
import { ByteReader } from '../filesystem/byte-reader.ts';
import type { Refuse } from '../filesystem/layer-error.ts';
import type { ArMember } from './ar.ts';
import { ArReader } from './ar.ts';
import { compressionOf, decompressMember } from './deb-compression.ts';
import { refusalOfPart } from './invalid-deb.ts';

/** One line is in use; further ones may come (deb(5)). */
const VERSION_LIMIT_BYTES = 1024;

/** Gets the bytes of a tar, decompressed, and must read them to their end. */
type ReadMember = (tar: AsyncIterable<Uint8Array>, refuse: Refuse) => Promise<void>;

export interface MemberReaders {
  readonly control: ReadMember;
  readonly data: ReadMember;
}

/** Passes both archives on, in order. Throws what `refuse` makes of anything that deb(5) does not allow. */
export async function readMembers(
  bytes: AsyncIterable<Uint8Array>,
  readers: MemberReaders,
  refuse: Refuse,
): Promise<void> {
  const reader = new ByteReader(bytes);
  try {
    const archive = new ArReader(reader, refuse);
    await archive.start();
    await checkVersion(archive, refuse);
    await readMember(archive, 'control.tar', readers.control, refuse);
    await readMember(archive, 'data.tar', readers.data, refuse);
    await passRest(archive, refuse);
  } finally {
    await reader.close();
  }
}

async function checkVersion(archive: ArReader, refuse: Refuse): Promise<void> {
  const member = await archive.next();
  if (member?.name !== 'debian-binary' || member.size > VERSION_LIMIT_BYTES)
    throw refuse(`does not begin with a member "debian-binary" but with ${nameOf(member)}`);
  let text = '';
  for await (const chunk of archive.body()) text += Buffer.from(chunk).toString('latin1');
  const [, version] = /^(\d{1,9}\.\d{1,9})\n/.exec(text) ?? [];
  if (!version?.startsWith('2.'))
    throw refuse(`is of format ${JSON.stringify(text.slice(0, 20))}, and only 2 is known`);
}

async function readMember(
  archive: ArReader,
  wanted: 'control.tar' | 'data.tar',
  read: ReadMember,
  refuse: Refuse,
): Promise<void> {
  const member = await nextMember(archive);
  if (!member?.name.startsWith(wanted)) throw refuse(`has ${nameOf(member)} where ${wanted} must stand`);
  const inner = refusalOfPart(refuse, member.name);
  const compression = compressionOf(member.name.slice(wanted.length), inner);
  await read(decompressMember(archive.body(), compression, inner), inner);
}

/** Members that older programs may ignore have names with an underscore. */
async function nextMember(archive: ArReader): Promise<ArMember | undefined> {
  for (;;) {
    const member = await archive.next();
    if (!member?.name.startsWith('_')) return member;
  }
}

/** What stands behind is to be ignored, signatures for example; a second archive would be read by one program and not by another. */
async function passRest(archive: ArReader, refuse: Refuse): Promise<void> {
  for (let member = await archive.next(); member; member = await archive.next())
    if (/^(?:control|data)\.tar/.test(member.name)) throw refuse(`has a further member ${member.name}`);
}

function nameOf(member: ArMember | undefined): string {
  return member ? `a member ${JSON.stringify(member.name)}` : 'its end';
}
