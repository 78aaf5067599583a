"""Holds an unpacked root against the packages that were put into it: a JSON list of what differs, and of the paths that no package brings.

Arguments: ROOT, then the .debs. Links of a merged /usr in the paths of packages are followed, as dpkg does.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

root, *debs = sys.argv[1:]
KINDS = {tarfile.REGTYPE: "file", tarfile.LNKTYPE: "file", tarfile.SYMTYPE: "symlink", tarfile.DIRTYPE: "directory"}
brought, differences = set(), []


def place(name):
    """The path below the root, with the links of its folders followed."""
    folder, base = os.path.split(name)
    real = os.path.realpath(os.path.join(root, folder))
    return os.path.relpath(os.path.join(real, base), root)


def kind(path):
    if os.path.islink(path):
        return "symlink"
    return "directory" if os.path.isdir(path) else "file" if os.path.isfile(path) else "none"


def compare(name, member, data):
    path = os.path.join(root, name)
    wanted = KINDS[member.type]
    if kind(path) != wanted:
        if not (wanted == "directory" and os.path.isdir(path)):
            differences.append(f"{name}: {kind(path)}, not {wanted}")
        return
    found = os.lstat(path)
    if wanted == "symlink":
        if os.readlink(path) != member.linkname:
            differences.append(f"{name}: leads to {os.readlink(path)}, not {member.linkname}")
        return
    if wanted == "directory":
        return
    with open(path, "rb") as file:
        if hashlib.sha256(file.read()).digest() != hashlib.sha256(data).digest():
            differences.append(f"{name}: other bytes")
            return
    told = (found.st_mode & 0o7777, found.st_uid, found.st_gid, int(found.st_mtime))
    if told != (member.mode, member.uid, member.gid, int(member.mtime)):
        differences.append(f"{name}: {told}, not {(member.mode, member.uid, member.gid, int(member.mtime))}")


for deb in debs:
    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        contents = {}
        for member in archive:
            name = os.path.normpath(member.name)
            if name == ".":
                continue
            contents[name] = archive.extractfile(member).read() if member.isreg() else b""
            if member.islnk():
                first = archive.getmember(member.linkname)
                contents[name] = contents[os.path.normpath(member.linkname)]
                member.mode, member.uid, member.gid, member.mtime = first.mode, first.uid, first.gid, first.mtime
            at = place(name)
            brought.add(at)
            compare(at, member, contents[name])

others = []
for folder, names, files in os.walk(root):
    for name in names + files:
        path = os.path.relpath(os.path.join(folder, name), root)
        if path not in brought and not path.startswith("var/lib/dpkg/info/"):
            others.append(path)
print(json.dumps({"differences": sorted(differences), "others": sorted(others)}))
