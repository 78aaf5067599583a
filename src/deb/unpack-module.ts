// Where the work of unpacking stands, for whoever has it done or wants it loaded early; named without loading anything.
import { extname } from 'node:path';

/** For `Work.module`; it has the extension of this file, be it source or built. */
export const UNPACK_MODULE = new URL(`./unpack-work${extname(import.meta.url)}`, import.meta.url);
