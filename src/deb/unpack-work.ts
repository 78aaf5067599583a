// Unpacking a package, as a work pool does it.
export { unpackDeb as work } from './unpack-deb.ts';
