"""Holds an unpacked root against the packages that were put into it: a JSON list of what differs, and what no package brings, by path.

Arguments: ROOT, the multiarch triplet, the architecture, then the .debs in the order of unpacking. Links of a merged /usr in the paths of
packages are followed, as dpkg does. Of what no package brings, the facts name neither triplet nor architecture, so that two architectures
can be compared.
"""

import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile

root, triplet, architecture, *debs = sys.argv[1:]
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
    told, meant = (found.st_mode & 0o7777, found.st_uid, found.st_gid), (member.mode, member.uid, member.gid)
    if wanted == "directory":
        # dpkg leaves a folder that is there already as it is: the first package decides.
        if name not in brought and told != meant:
            differences.append(f"{name}: {told}, not {meant}")
        return
    if found.st_size != len(data):
        differences.append(f"{name}: {found.st_size} bytes, not {len(data)}")
        return
    with open(path, "rb") as file:
        if hashlib.sha256(file.read()).digest() != hashlib.sha256(data).digest():
            differences.append(f"{name}: other bytes")
            return
    if (*told, int(found.st_mtime)) != (*meant, int(member.mtime)):
        differences.append(f"{name}: {(*told, int(found.st_mtime))}, not {(*meant, int(member.mtime))}")


def neutral(text):
    return text.replace(triplet, "TRIPLET").replace(f":{architecture}", ":ARCH")


def facts(path):
    found = os.lstat(path)
    told = f"{stat.S_IMODE(found.st_mode):o} {found.st_uid}:{found.st_gid}"
    if stat.S_ISLNK(found.st_mode):
        return f"symlink {neutral(os.readlink(path))}"
    if stat.S_ISDIR(found.st_mode):
        return f"directory {told}"
    with open(path, encoding="latin-1", newline="") as file:
        return f"file {told} {hashlib.sha256(neutral(file.read()).encode('latin-1')).hexdigest()}"


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
            compare(at, member, contents[name])
            if member.islnk() and not os.path.samefile(os.path.join(root, at), os.path.join(root, place(member.linkname))):
                differences.append(f"{at}: another file than {member.linkname}")
            brought.add(at)

others = {}
for folder, names, files in os.walk(root):
    for name in names + files:
        full = os.path.join(folder, name)
        path = os.path.relpath(full, root)
        if path not in brought:
            others[neutral(path)] = facts(full)
print(json.dumps({"differences": sorted(differences), "paths": len(brought), "others": dict(sorted(others.items()))}))
