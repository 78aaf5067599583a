// Stands alone, since the key of every build asks for it and the commands of most builds are none.

/** Raised whenever equal commands would see another surrounding or leave another layer: it is part of every key. */
export const COMMANDS_FORMAT = 1;
