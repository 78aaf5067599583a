// Scripts with what dash prints for them and ends with: owners; only root can run them for real.
import type { Snippet } from './snippet.ts';

export const OWNERS: readonly Snippet[] = [
  [
    "id -u; id -un; id -u root; id -g daemon; id nosuch >/dev/null 2>&1; echo $?; getent passwd root >/dev/null; echo $?; getent passwd nosuch; echo $?; getent group daemon | cut -d: -f3; id -gn root; touch f; chown daemon f; stat -c '%U:%G %u %g' f; chown daemon:daemon f; stat -c %U:%G f; chown root: f; stat -c %U:%G f; chgrp daemon f; stat -c %G f; chown :root f; stat -c %G f; chown 5:6 f; stat -c '%u %g' f; chown nosuch f; echo $?; mkdir -p d/e; touch d/e/g; ln -s ../x d/l; chown -R daemon d; stat -c %U d d/e d/e/g d/l; chown --from=root daemon d/e/g; chown -h root d/l; stat -c %U d/l; chmod 6755 f; chown 1 f; stat -c %a f; install -o daemon -g daemon -m 0640 f h; stat -c '%U %G %a' h; install -d -o daemon -m 1777 i; stat -c '%U %a' i; chown root.daemon f; stat -c %U:%G f; chgrp -R daemon d; stat -c %G d/e; chown daemon nope; echo $?",
    '0\nroot\n0\n1\n1\n0\n2\n1\nroot\ndaemon:root 1 0\ndaemon:daemon\nroot:root\ndaemon\nroot\n5 6\n1\ndaemon\ndaemon\ndaemon\ndaemon\nroot\n755\ndaemon daemon 640\ndaemon 1777\nroot:daemon\ndaemon\n1\n',
  ],
  [
    'touch f g; chown daemon:daemon f; chmod 640 f; chmod --reference=f g; chown --reference=f g; stat -c "%U:%G %a" g; chmod --reference=none g 2>/dev/null; echo $?; chown --reference=none g 2>/dev/null; echo $?',
    'daemon:daemon 640\n1\n1\n',
  ],
];
