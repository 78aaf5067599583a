// What commands may do to a tree: each snippet has a folder of its own in the base, `/f/NAME`, where it works.

/** Makes the layer with what the snippets change: Python for `out`, a tarfile.TarFile; `add(name, …)` of below. */
const FIXTURE = `
for name in NAMES:
    add(f"f/{name}", "5", mode=0o755)
    add(f"f/{name}/file", data=b"old\\n", mode=0o644)
    add(f"f/{name}/exec", data=b"#!/bin/sh\\n", mode=0o755, uid=1000, gid=1000)
    add(f"f/{name}/same", "1", mode=0o644, link=f"f/{name}/file")
    add(f"f/{name}/link", "2", link="dir/a")
    add(f"f/{name}/dir", "5", mode=0o2775, uid=33, gid=33)
    for inner in ("a", "b", "sub/c", "sub/d"):
        if inner == "sub/c": add(f"f/{name}/dir/sub", "5", mode=0o700, uid=5)
        add(f"f/{name}/dir/{inner}", data=inner.encode(), mode=0o640, uid=33)
    add(f"f/{name}/xattr", data=b"x", xattrs={"user.old": "1", "security.capability": CAP})
`;

/** A tar to stdout from lines of \`add(…)\`. */
export const TAR_PROGRAM = `
import io, sys, tarfile
out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT)
CAP = b"\\1\\0\\0\\2\\0\\4\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0".decode()
def add(name, type="0", data=b"", mode=0o755, uid=0, gid=0, link="", xattrs={}):
    one = tarfile.TarInfo(name)
    one.type, one.size, one.mode, one.uid, one.gid, one.linkname, one.mtime = type.encode(), len(data), mode, uid, gid, link, 1000
    one.pax_headers = {"SCHILY.xattr." + key: value for key, value in xattrs.items()}
    out.addfile(one, io.BytesIO(data))
`;

/** Run in \`/f/NAME\`. */
export const SNIPPETS = {
  nothing: 'true',
  'new-file': 'echo new > new; mkdir deep deep/er; echo x > deep/er/x; ln -s nowhere deep/link; touch empty',
  changed: 'echo more >> file; echo other > dir/a',
  'mode-of-file': 'chmod 600 file; chmod u+s,g+s exec; chmod 1777 dir/sub',
  'mode-of-directory': 'chmod 711 dir',
  removed: 'rm file dir/a',
  'removed-directory': 'rm -r dir',
  'removed-and-new': 'rm file; echo again > file; rm link; ln -s elsewhere link',
  'new-and-removed': 'echo x > gone; rm gone; mkdir gone2; echo x > gone2/x; rm -r gone2',
  'touched-alone': 'touch file; chmod 644 exec; chmod 755 exec',
  'file-to-directory': 'rm file; mkdir file; echo x > file/inner',
  'file-to-directory-and-back': 'rm exec; mkdir exec; touch exec/x; rm -r exec; echo back > exec',
  'directory-to-file': 'rm -r dir; echo x > dir',
  'directory-to-link': 'rm -r dir; mkdir other; ln -s other dir; echo x > dir/a',
  'link-to-directory': 'rm link; mkdir link; echo x > link/x',
  'renamed-file': 'mv file renamed; mv exec dir/exec',
  'renamed-directory': 'mv dir dir2; echo x > dir2/x',
  'renamed-onto': 'mkdir empty; mv -T dir empty',
  swapped: 'mv dir tmp; mv file dir; mv tmp file',
  'hard-links-new': 'mkdir h; echo x > h/a; ln h/a h/b; ln h/a c; chmod 4755 c',
  'hard-link-of-base': 'ln exec exec2',
  'hard-link-changed': 'echo more >> same',
  'hard-link-broken': 'rm same; echo own > same',
  'special-bits':
    'echo > s; chmod 4755 s; echo > g; chmod 2755 g; mkdir t; chmod 1777 t; mkdir sg; chmod 2775 sg; mkdir sg/in',
  capability: 'cp /bin/true cap; setcap cap_net_bind_service+ep cap',
  'capability-removed': 'setcap -r xattr',
  'capability-lost': 'echo more >> xattr',
  'user-xattr': `python3 -B -c 'import os; os.setxattr("file", "user.new", b"\\0\\xff"); os.setxattr("dir", "user.d", b"1"); os.removexattr("xattr", "user.old")'`,
  owners: 'chown 1234:5678 file; chgrp 33 exec; chown -R 7:7 dir; echo x > new; chown 60000 new; chown -h 9 link',
  'same-owner': 'chown 0:0 file',
  opaque: 'rm -r dir; mkdir dir; echo x > dir/new',
  'opaque-same-name': 'rm -r dir; mkdir dir dir/sub; echo x > dir/a; echo x > dir/sub/e',
  'opaque-deep': 'rm -r dir/sub; mkdir dir/sub; echo x > dir/sub/c',
  'opaque-empty': 'rm -r dir; mkdir -m 2775 dir; chown 33:33 dir',
  'opaque-twice': 'rm -r dir; mkdir dir; touch dir/q; rm -r dir; mkdir dir; touch dir/r',
  names: `python3 -B -c 'open("n" * 255, "w"); open("ä ö\\u4e2d", "w"); open("new\\nline", "w"); open("q\\"\\\\", "w")'; mkdir -p "$(printf 'd%.0s' $(seq 120))/$(printf 'e%.0s' $(seq 120))"; touch "$(printf 'd%.0s' $(seq 120))/$(printf 'e%.0s' $(seq 120))/f"; ln -s "$(printf 'l%.0s' $(seq 300))" long`,
  sparse: 'truncate -s 3000000 sparse; printf x | dd of=sparse bs=1 seek=1500000 conv=notrunc 2> /dev/null',
  large: `python3 -B -c 'import hashlib; open("large", "wb").write(b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(160000)))'`,
  'read-only-file': 'chmod 000 file; mkdir -m 000 shut; touch shut/in',
  'left-out': 'mkfifo fifo; touch beside',
  'of-the-base':
    'echo x >> /etc/issue; rm /etc/issue.net; mv /usr/share/perl5 /usr/share/perl6; rm -r /usr/share/doc/dash',
} as const;

export type SnippetName = keyof typeof SNIPPETS;

export const commandOf = (name: SnippetName): string => `(cd /f/${name}; ${SNIPPETS[name]})`;

/** For Python on the host. */
export const FIXTURE_PROGRAM = `${TAR_PROGRAM}NAMES = ${JSON.stringify(Object.keys(SNIPPETS))}
add("f", "5")${FIXTURE}out.close()`;
