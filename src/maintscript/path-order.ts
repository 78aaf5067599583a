// The order in which dpkg 1.21 and 1.22 write and list paths: that of their hash table (lib/dpkg/fsys-hash.c), so that its files are the same byte by byte.

/** FNV-1a of 32 bits. */
const OFFSET_BASIS = 2_166_136_261;
const PRIME = 16_777_619;
/** The prime that is next below 2^18. */
const BINS = 262_139;

export const comparePaths = (a: string, b: string): number => binOf(a) - binOf(b);

/** Without the slash in front. */
function binOf(path: string): number {
  let hash = OFFSET_BASIS;
  for (const byte of Buffer.from(path.replace(/^\/+/, ''))) hash = Math.imul(hash ^ byte, PRIME) >>> 0;
  return hash % BINS;
}
