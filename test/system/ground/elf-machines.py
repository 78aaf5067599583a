"""Prints the machine numbers (e_machine) of all ELF files in a gzipped tar on standard input: 62 is x86-64, 183 is AArch64."""

import sys
import tarfile

found = set()
with tarfile.open(fileobj=sys.stdin.buffer, mode="r|gz") as archive:
    for member in archive:
        content = archive.extractfile(member) if member.isfile() else None
        head = content.read(20) if content else b""
        if head[:4] == b"\x7fELF":
            found.add(int.from_bytes(head[18:20], "little"))
print("\n".join(str(machine) for machine in sorted(found)))
