"""Prints path and SHA-256 of every regular file of a gzipped tar on standard input; the argument is tarfile's mode."""

import hashlib
import io
import sys
import tarfile

mode = sys.argv[1]
stream = sys.stdin.buffer if "|" in mode else io.BytesIO(sys.stdin.buffer.read())
lines = []
with tarfile.open(fileobj=stream, mode=mode) as archive:
    for member in archive:
        if member.isfile():
            lines.append(f"{hashlib.sha256(archive.extractfile(member).read()).hexdigest()}  {member.name}")
print("\n".join(sorted(lines)))
