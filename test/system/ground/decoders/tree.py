"""Tells every entry of an unpacked tree as the file system has it, as JSON. Argument: FOLDER."""

import base64
import json
import os
import stat
import sys

root = sys.argv[1]
types = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}
told = []
for folder, folders, files in os.walk(root):
    for path in (os.path.join(folder, name) for name in folders + files):
        found = os.lstat(path)
        kind = types[stat.S_IFMT(found.st_mode)]
        names = os.listxattr(path, follow_symlinks=False)
        told.append(
            {
                "name": os.path.relpath(path, root),
                "type": kind,
                "mode": stat.S_IMODE(found.st_mode),
                "uid": found.st_uid,
                "gid": found.st_gid,
                "mtime": int(found.st_mtime_ns // 10**9),
                "size": found.st_size if kind == "file" else 0,
                "link": os.readlink(path) if kind == "symlink" else "",
                "xattrs": {
                    name: base64.b64encode(os.getxattr(path, name, follow_symlinks=False)).decode() for name in names
                },
            }
        )
print(json.dumps(told))
