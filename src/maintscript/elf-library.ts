// What ldconfig needs to know of a shared library, read from its ELF headers: a few kilobytes of a file that may have a hundred megabytes.

/** Bytes of the file from `offset` on; fewer than `length` at its end. */
export type Slice = (offset: number, length: number) => Uint8Array;

export interface ElfLibrary {
  /** EM_X86_64 is 62, EM_386 3, EM_AARCH64 183, EM_ARM 40. */
  readonly machine: number;
  readonly is64: boolean;
  /** e_flags. */
  readonly flags: number;
  /** DT_SONAME. */
  readonly soname: string | undefined;
  /** DT_NEEDED, and PT_INTERP if there is one. */
  readonly needed: readonly string[];
  /** Greatest bit of GNU_PROPERTY_X86_ISA_1_NEEDED; 0 where the file states none. */
  readonly isaLevel: number;
}

/** Program headers; linkers write about ten. */
const SEGMENT_LIMIT = 512;
/** Bytes of the dynamic section and of notes; LLVM's has 1 KiB. */
const SECTION_LIMIT = 256 * 1024;
/** PATH_MAX: nothing longer can be a file's name. */
const NAME_LIMIT = 4096;

const ET_DYN = 3;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_GNU_PROPERTY = 0x6474e553;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_SONAME = 14;
const NT_GNU_PROPERTY_TYPE_0 = 5;
const X86_ISA_1_NEEDED = 0xc0008002;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
  readonly align: number;
}

interface Layout {
  readonly is64: boolean;
  readonly segments: readonly Segment[];
}

/** Undefined for what ldconfig passes over: no ELF, not little-endian, no shared object, no dynamic section, cut. elf(5). */
export function readElfLibrary(slice: Slice): ElfLibrary | undefined {
  const header = viewOf(slice(0, 64));
  if (header.byteLength < 64 || header.getUint32(0) !== 0x7f454c46) return undefined;
  const elfClass = header.getUint8(4);
  if ((elfClass !== 1 && elfClass !== 2) || header.getUint8(5) !== 1 || header.getUint16(16, true) !== ET_DYN) {
    return undefined;
  }
  const is64 = elfClass === 2;
  const segments = readSegments(slice, header, is64);
  const dynamic = segments && readDynamic(slice, { is64, segments });
  if (!dynamic) return undefined;
  return {
    machine: header.getUint16(18, true),
    is64,
    flags: header.getUint32(is64 ? 48 : 36, true),
    ...dynamic,
    isaLevel: readIsaLevel(slice, { is64, segments }),
  };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Addresses are below 2^53 in every file that exists. */
const wordAt = (view: DataView, at: number, is64: boolean): number =>
  is64 ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);

function readSegments(slice: Slice, header: DataView, is64: boolean): Segment[] | undefined {
  const count = header.getUint16(is64 ? 56 : 44, true);
  const size = is64 ? 56 : 32;
  const table = viewOf(slice(wordAt(header, is64 ? 32 : 28, is64), count * size));
  if (count > SEGMENT_LIMIT || table.byteLength < count * size) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const at = index * size;
    return {
      type: table.getUint32(at, true),
      offset: wordAt(table, at + (is64 ? 8 : 4), is64),
      address: wordAt(table, at + (is64 ? 16 : 8), is64),
      size: wordAt(table, at + (is64 ? 32 : 16), is64),
      align: wordAt(table, at + (is64 ? 48 : 28), is64),
    };
  });
}

function readDynamic(slice: Slice, layout: Layout): Pick<ElfLibrary, 'soname' | 'needed'> | undefined {
  const { segments } = layout;
  const dynamic = segments.findLast(({ type }) => type === PT_DYNAMIC);
  if (!dynamic || dynamic.size === 0 || dynamic.size > SECTION_LIMIT) return undefined;
  const entries = readEntries(viewOf(slice(dynamic.offset, dynamic.size)), layout);
  const address = entries.find(({ tag }) => tag === DT_STRTAB)?.value;
  if (address === undefined) return undefined;
  const load = segments.find(
    (one) => one.type === PT_LOAD && address >= one.address && address - one.address < one.size,
  );
  const strings = load ? address - load.address + load.offset : address;
  const interpreter = segments.findLast(({ type }) => type === PT_INTERP);
  const soname = entries.find(({ tag }) => tag === DT_SONAME);
  const needed = entries.filter(({ tag }) => tag === DT_NEEDED);
  return {
    soname: soname && readName(slice, strings + soname.value),
    needed: [
      ...(interpreter ? [readName(slice, interpreter.offset)] : []),
      ...needed.map(({ value }) => readName(slice, strings + value)),
    ],
  };
}

interface DynamicEntry {
  readonly tag: number;
  readonly value: number;
}

function readEntries(view: DataView, { is64 }: Layout): DynamicEntry[] {
  const size = is64 ? 16 : 8;
  const entries: DynamicEntry[] = [];
  for (let at = 0; at + size <= view.byteLength; at += size) {
    const tag = wordAt(view, at, is64);
    if (tag === 0) break;
    entries.push({ tag, value: wordAt(view, at + size / 2, is64) });
  }
  return entries;
}

function readName(slice: Slice, offset: number): string {
  const bytes = slice(offset, NAME_LIMIT);
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString();
}

/** The one property that decides: x86-64 psABI, "Program Property". Properties stand in ascending order. */
function readIsaLevel(slice: Slice, { is64, segments }: Layout): number {
  const unit = is64 ? 8 : 4;
  const segment = segments.findLast(({ type, align }) => type === PT_GNU_PROPERTY && align === unit);
  if (!segment || segment.size > SECTION_LIMIT) return 0;
  const notes = viewOf(slice(segment.offset, segment.size));
  const align = (length: number): number => Math.ceil(length / unit) * unit;
  for (let at = 0; at + 16 <= notes.byteLength;) {
    const start = at + 12 + Math.ceil(notes.getUint32(at, true) / 4) * 4;
    const size = notes.getUint32(at + 4, true);
    if (notes.getUint32(at + 8, true) === NT_GNU_PROPERTY_TYPE_0 && notes.getUint32(at + 12) === 0x474e5500) {
      return levelIn(notes, start, Math.min(start + size, notes.byteLength), align);
    }
    at = align(start + size);
  }
  return 0;
}

function levelIn(notes: DataView, start: number, end: number, align: (length: number) => number): number {
  for (let at = start; at + 8 <= end;) {
    const type = notes.getUint32(at, true);
    const size = notes.getUint32(at + 4, true);
    if (type > X86_ISA_1_NEEDED || at + 8 + size > end) return 0;
    if (type === X86_ISA_1_NEEDED) {
      const bits = size === 4 ? notes.getUint32(at + 8, true) : 0;
      return bits === 0 ? 0 : 31 - Math.clz32(bits);
    }
    at += 8 + align(size);
  }
  return 0;
}
