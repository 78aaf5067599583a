"""What an upper folder of overlayfs changes in a lower one: a JSON line per path, sorted.

Arguments: UPPER, LOWER (may be an empty folder), and paths that are left out with all below them.
"""

import hashlib
import json
import os
import stat
import sys

upper, lower, *left_out = [os.fsencode(argument) for argument in sys.argv[1:]]
LEFT_OUT = set(left_out)
# Files whose text a comparison may want to understand; the rest is compared by digest.
TEXT_FOLDERS = (b"etc/", b"var/lib/")
TEXT_LIMIT_BYTES = 64 << 10
WHOLE = {b"var/lib/dpkg/status"}
TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFCHR: "character",
         stat.S_IFBLK: "block", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}
inodes = {}
lines = {}


def attribute(path, name):
    try:
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError:
        return None


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(path, found):
    one = {"type": TYPES[stat.S_IFMT(found.st_mode)], "mode": stat.S_IMODE(found.st_mode)}
    one.update(uid=found.st_uid, gid=found.st_gid)
    if one["type"] == "file":
        one.update(size=found.st_size, sha256=digest(path))
    elif one["type"] == "symlink":
        one.update(mode=0, target=os.fsdecode(os.readlink(path)))
    elif one["type"] in ("character", "block"):
        one.update(device=[os.major(found.st_rdev), os.minor(found.st_rdev)])
    capability = attribute(path, "security.capability")
    if capability is not None:
        one["capability"] = capability.hex()
    if one["type"] in ("file", "directory"):
        names = [name for name in os.listxattr(path) if name.startswith("user.") and not name.startswith("user.overlay.")]
        if names:
            one["xattrs"] = {name: os.getxattr(path, name).hex() for name in sorted(names)}
    return one


def text_of(path, below, size):
    wanted = below in WHOLE or (size <= TEXT_LIMIT_BYTES and below.startswith(TEXT_FOLDERS))
    if not wanted or below.startswith(b"var/lib/dpkg/info/"):
        return None
    with open(path, "rb") as file:
        try:
            return file.read().decode()
        except UnicodeDecodeError:
            return None


def remove(folder, below):
    """Everything of the lower tree at this path is gone."""
    lines[below] = {"type": "removed"}
    if stat.S_ISDIR(os.lstat(folder).st_mode):
        for name in os.listdir(folder):
            remove(os.path.join(folder, name), below + b"/" + name)


def is_whiteout(found):
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def visit(path, old, below):
    """`old` is the lower path, or None where there is none."""
    found = os.lstat(path)
    before = os.lstat(old) if old is not None and os.path.lexists(old) else None
    if is_whiteout(found):
        if before is not None:
            remove(old, below)
        return
    one = describe(path, found)
    was = describe(old, before) if before is not None else None
    if one != was:
        if one["type"] == "file":
            text = text_of(path, below, found.st_size)
            one.update(mtime=int(found.st_mtime), **({} if text is None else {"text": text}))
        lines[below] = one
        if one["type"] == "file" and found.st_nlink > 1:
            inodes.setdefault(found.st_ino, []).append(below)
    was_folder = was is not None and was["type"] == "directory"
    if one["type"] != "directory":
        if was_folder:
            for name in os.listdir(old):
                remove(os.path.join(old, name), below + b"/" + name)
        return
    opaque = attribute(path, "trusted.overlay.opaque") == b"y"
    walk(path, old if was_folder else None, below, opaque)


def walk(folder, old, below, opaque):
    names = os.listdir(folder)
    for name in names:
        child = below + b"/" + name if below else name
        if child not in LEFT_OUT:
            visit(os.path.join(folder, name), None if old is None else os.path.join(old, name), child)
    if opaque and old is not None:
        for name in set(os.listdir(old)) - set(names):
            remove(os.path.join(old, name), below + b"/" + name)


walk(upper, lower, b"", False)
for paths in inodes.values():
    if len(paths) > 1:
        for path in paths:
            lines[path]["linked"] = os.fsdecode(min(paths))
for path in sorted(lines):
    print(json.dumps({"path": os.fsdecode(path), **lines[path]}))
