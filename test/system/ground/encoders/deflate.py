"""Deflates every file of a folder with Python's zlib in many ways: OUT/WAY/FILE is the raw stream. Arguments: FOLDER OUT."""

import itertools
import pathlib
import sys
import zlib

CHUNK = 10_000

folder, out = map(pathlib.Path, sys.argv[1:])
strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
flushes = (zlib.Z_NO_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_BLOCK)
ways = [
    *itertools.product((0, 1, 6, 9), (9, 15), (1,), strategies[:1], flushes[:1]),
    *itertools.product((6,), (15,), (8,), strategies[1:], flushes[:1]),
    *itertools.product((6,), (15,), (8,), strategies[:1], flushes[1:]),
]
for level, bits, memory, strategy, flush in ways:
    target = out / f"python-{level}-{bits}-{memory}-{strategy}-{flush}"
    target.mkdir(parents=True)
    for file in folder.iterdir():
        encoder = zlib.compressobj(level, zlib.DEFLATED, -bits, memory, strategy)
        data = file.read_bytes()
        stream = bytearray()
        for at in range(0, len(data), CHUNK):
            stream += encoder.compress(data[at : at + CHUNK])
            if flush != zlib.Z_NO_FLUSH:
                stream += encoder.flush(flush)
        stream += encoder.flush()
        (target / file.name).write_bytes(stream)
