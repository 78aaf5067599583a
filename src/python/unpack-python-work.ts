// Unpacking a CPython, as a work pool does it.
export { unpackPython as work } from './unpack-python.ts';
