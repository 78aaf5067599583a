// Shared libraries of a few hundred bytes: ELF headers, a dynamic section and the names in it, and no code.

export interface LibraryParts {
  /** EM_X86_64 unless said otherwise. */
  readonly machine?: number;
  readonly is64?: boolean;
  readonly flags?: number;
  readonly soname?: string;
  readonly needed?: readonly string[];
  readonly interpreter?: string;
  /** GNU_PROPERTY_X86_ISA_1_NEEDED. */
  readonly isa?: number;
}

/** Where the file lies in memory: other than in the file, as linkers do it for later segments. */
const ADDRESS = 0x4000;
/** Bytes at the end, so that sizes are those of real libraries. */
const FILLING = 4096;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

export function makeLibrary(parts: LibraryParts = {}): Buffer {
  const { machine = 62, is64 = true, flags = 0, soname, needed = [], interpreter, isa } = parts;
  const word = is64 ? 8 : 4;
  const names = Buffer.from(['', soname ?? '', ...needed].join('\0') + '\0');
  const start = 1 + Buffer.byteLength(soname ?? '') + 1;
  const offsets = needed.map(
    (_, index) => start + Buffer.byteLength(needed.slice(0, index).join('\0')) + Number(index > 0),
  );
  const header = is64 ? 64 : 52;
  const table = header + 4 * (is64 ? 56 : 32);
  const strings = table + 16;
  const text = strings + names.length;
  const dynamic = Math.ceil((text + (interpreter?.length ?? 0) + 1) / 8) * 8;
  const words = [
    ...offsets.flatMap((offset) => [1, offset]),
    ...(soname === undefined ? [] : [14, 1]),
    5,
    ADDRESS + strings,
    0,
    0,
  ];
  const note = dynamic + words.length * word;
  const noteSize = 16 + 2 * (8 + word);
  const file = Buffer.alloc(note + noteSize + FILLING);
  const segments = [
    { type: 1, offset: 0, size: file.length },
    { type: 2, offset: dynamic, size: words.length * word },
    { type: interpreter === undefined ? 0 : 3, offset: text, size: interpreter?.length ?? 0 },
    { type: isa === undefined ? 0 : 0x6474e553, offset: note, size: noteSize },
  ];
  const write = (value: number, at: number): void => void file.writeUIntLE(value, at, is64 ? 6 : 4);
  writeHeader(file, { machine, is64, flags, count: segments.length });
  for (const [index, segment] of segments.entries())
    writeSegment(file, header + index * (is64 ? 56 : 32), segment, is64);
  names.copy(file, strings);
  file.write(`${interpreter ?? ''}\0`, text);
  for (const [index, value] of words.entries()) write(value, dynamic + index * word);
  writeNote(file, note, word, isa ?? 0);
  return file;
}

interface Header {
  readonly machine: number;
  readonly is64: boolean;
  readonly flags: number;
  readonly count: number;
}

function writeHeader(file: Buffer, { machine, is64, flags, count }: Header): void {
  file.write('\x7fELF', 'latin1');
  file.writeUInt8(is64 ? 2 : 1, 4);
  file.writeUInt8(1, 5);
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(is64 ? 64 : 52, is64 ? 32 : 28);
  file.writeUInt32LE(flags, is64 ? 48 : 36);
  file.writeUInt16LE(count, is64 ? 56 : 44);
}

function writeSegment(file: Buffer, at: number, { type, offset, size }: Segment, is64: boolean): void {
  file.writeUInt32LE(type, at);
  file.writeUInt32LE(offset, at + (is64 ? 8 : 4));
  file.writeUInt32LE(offset + ADDRESS, at + (is64 ? 16 : 8));
  file.writeUInt32LE(size, at + (is64 ? 32 : 16));
  file.writeUInt32LE(is64 ? 8 : 4, at + (is64 ? 48 : 28));
}

/** A note of another property (0xc0000002, features) and the one that says what processor is needed. */
function writeNote(file: Buffer, at: number, word: number, isa: number): void {
  const property = 8 + word;
  for (const [index, value] of [4, 2 * property, 5].entries()) file.writeUInt32LE(value, at + index * 4);
  file.write('GNU\0', at + 12);
  for (const [index, [type, bits]] of [[0xc0000002, 3] as const, [0xc0008002, isa] as const].entries()) {
    const start = at + 16 + index * property;
    file.writeUInt32LE(type, start);
    file.writeUInt32LE(4, start + 4);
    file.writeUInt32LE(bits, start + 8);
  }
}
