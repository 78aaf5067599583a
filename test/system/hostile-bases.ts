// Bases that would lead what unpacks or runs them somewhere on the host.

/** Python: entries of a hostile layer; HOST is the folder of the host. What the build does with it: what it prints, or its code. */
export const HOSTILE_BASES: readonly (readonly [name: string, entries: string, outcome: string])[] = [
  ['/dev is a link', 'add("dev", "2", link="HOST/dir")', 'PATH_CONFLICT'],
  ['/proc is a link', 'add("proc", "2", link="HOST/dir")', 'PATH_CONFLICT'],
  ['/proc is a link to the root', 'add("proc", "2", link="/")', 'PATH_CONFLICT'],
  ['/sys is a link upwards', 'add("sys", "2", link="../../../../../..HOST/dir")', 'ran /etc/passwd'],
  ['/run is a link', 'add("run", "2", link="HOST/dir")', 'ran /etc/passwd'],
  ['/tmp is a link to itself', 'add("tmp", "2", link="/tmp")', 'ran /etc/passwd'],
  ['/etc/resolv.conf is a link', 'add("etc/resolv.conf", "2", link="HOST/file")', 'ran /etc/passwd'],
  ['/etc/hosts is a link', 'add("etc/hosts", "2", link="../../../../..HOST/file")', 'ran /etc/passwd'],
  ['/bin/sh is a link', 'add("usr/bin/sh", "2", link="HOST/sh")', 'PROGRAM_NOT_FOUND'],
  ['/dev is a file', 'add("dev", data=b"x")', 'PATH_CONFLICT'],
  ['/proc is a file', 'add("proc", data=b"x")', 'PATH_CONFLICT'],
  [
    'a file below a link',
    'add("a", "2", link="../../../../../../..HOST"); add("a/evil", data=b"x"); add("a/file", data=b"x")',
    'ran /etc/passwd',
  ],
  [
    'a directory below a link',
    'add("a", "2", link="HOST"); add("a/dir", "5"); add("a/dir/evil", data=b"x")',
    'ran /etc/passwd',
  ],
  ['a link below a link', 'add("a", "2", link="HOST"); add("a/file", "2", link="/etc/passwd")', 'ran /etc/passwd'],
  ['a hard link to what is below a link', 'add("a", "2", link="HOST"); add("b", "1", link="a/file")', 'LAYER_INVALID'],
  ['a whiteout below a link', 'add("a", "2", link="HOST"); add("a/.wh.file")', 'ran /etc/passwd'],
  [
    'a whiteout where a link to a link is put later',
    'add("b/.wh.evil"); add("a", "2", link="HOST/dir"); add("b", "1", link="a")',
    'LAYER_INVALID',
  ],
  ['an opaque whiteout below a link', 'add("a", "2", link="HOST"); add("a/.wh..wh..opq")', 'ran /etc/passwd'],
  ['a whiteout of the root', 'add(".wh..")', 'LAYER_INVALID'],
  ['a name that leads out', 'add("../../../../../..HOST/evil", data=b"x")', 'LAYER_INVALID'],
  ['a name from the root', 'add("/HOST/evil", data=b"x")', 'ran /etc/passwd'],
  ['the root is a link', 'add(".", "2", link="HOST")', 'LAYER_INVALID'],
  ['a device', 'add("usr/mem", "3")', 'ran /etc/passwd'],
  [
    'attributes of overlayfs',
    'add("etc", "5", xattrs={"user.overlay.opaque": "y", "user.overlay.redirect": "/tmp", "trusted.overlay.opaque": "y"})',
    'ran /etc/passwd',
  ],
];
