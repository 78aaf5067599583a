import { describe, expect, it } from 'vitest';
import type { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { CONFMODULE, confmodule } from '../../src/maintscript/confmodule.ts';
import { Debconf } from '../../src/maintscript/debconf.ts';
import type { Diversion, DpkgState, InstalledPackage } from '../../src/maintscript/dpkg-state.ts';
import { maintscriptPrograms } from '../../src/maintscript/programs.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { posixPrograms } from '../../src/shell/programs.ts';
import { runScript } from '../../src/shell/run-script.ts';
import { compareVersions } from '../../src/deb/version.ts';
import { linksOf, makeTree } from './staged-tree.ts';

const PASSWD = 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n';
const GROUP = 'root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n';
const SHADOW = 'root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n';

const TEMPLATES = `Template: demo/choice
Type: select
Choices: One, Two
Choices-C: one, two
Default: two
Description: Which?

Template: demo/flag
Type: boolean
Default: true
Description: Whether?
`;

const installed: InstalledPackage = {
  name: 'demo',
  version: '1:2.0-1',
  architecture: 'amd64',
  isSame: false,
  state: 'installed',
  fields: [
    ['Package', 'demo'],
    ['Status', 'install ok installed'],
    ['Version', '1:2.0-1'],
  ],
  conffiles: new Map([['/etc/demo.conf', 'd41d8cd98f00b204e9800998ecf8427e']]),
};

class World {
  readonly tree: WritableTree;
  readonly diversions: Diversion[] = [];
  readonly activated: string[] = [];
  ldconfigs = 0;
  readonly #debconf = new Debconf();

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.tree = makeTree({
      '/etc/passwd': PASSWD,
      '/etc/group': GROUP,
      '/etc/shadow': SHADOW,
      '/etc/gshadow': 'root:*::\ndaemon:*::\nnogroup:*::\n',
      '/var/lib/dpkg/info': '/',
      '/etc/alternatives': '/',
      '/usr/bin': '/',
      '/usr/sbin': '/',
      '/tmp': '/',
      ...files,
    });
    this.#debconf.load('demo', TEMPLATES);
  }

  /** Standard output and status of a script, as dpkg would run it. */
  run(script: string, shell = 'sh'): { readonly out: string; readonly status: number } {
    const state: DpkgState = {
      find: (name) => (name === 'demo' || name === 'demo:amd64' ? installed : undefined),
      all: () => [installed],
      filesOf: () => ['/usr', '/usr/bin', '/usr/bin/demo'],
      diversions: this.diversions,
      overrides: [],
      activate: (trigger) => void this.activated.push(trigger),
    };
    const programs = new Map([
      ...posixPrograms({ machine: 'x86_64' }),
      ...maintscriptPrograms({
        state,
        nativeArchitecture: 'amd64',
        compareVersions,
        onLdconfig: () => void this.ldconfigs++,
      }),
    ]);
    let out = '';
    const status = runScript(`#!/bin/${shell}\n${script}`, {
      tree: this.tree,
      programs,
      assumed: new Set([...programs.keys(), 'sh']),
      modules: new Map([[CONFMODULE, confmodule(this.#debconf, 'demo')]]),
      name: 'demo.postinst',
      args: ['configure', ''],
      env: new Map([
        ['PATH', '/usr/sbin:/usr/bin:/sbin:/bin'],
        ['DPKG_MAINTSCRIPT_PACKAGE', 'demo'],
        ['DPKG_MAINTSCRIPT_NAME', 'postinst'],
        ['DPKG_MAINTSCRIPT_ARCH', 'amd64'],
      ]),
      cwd: '/',
      print: (text) => void (out += text),
    });
    return { out, status };
  }
}

const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);

describe('accounts', () => {
  it('of the system get the first free number, with a group of their own on request', () => {
    const world = new World();
    expect(world.run('adduser --system --group --no-create-home --home /var/lib/x --quiet x').status).toBe(0);
    expect(lastLine(world.tree.readText('/etc/passwd'))).toBe('x:x:100:100::/var/lib/x:/usr/sbin/nologin');
    expect(lastLine(world.tree.readText('/etc/group'))).toBe('x:x:100:');
    expect(lastLine(world.tree.readText('/etc/shadow'))).toMatch(/^x:!:\d*::::::$/);
    const before = world.tree.readText('/etc/passwd');
    expect(world.run('adduser --system --group --no-create-home --home /var/lib/x --quiet x').status).toBe(0);
    expect(world.tree.readText('/etc/passwd')).toBe(before);
  });

  it('are found again', () => {
    const world = new World();
    expect(world.run('getent passwd daemon; getent group nosuch || echo none; id -u daemon').out).toBe(
      'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nnone\n1\n',
    );
    world.run('addgroup --system --quiet tools; groupadd -g 42 shadow');
    expect(world.tree.readText('/etc/group')).toMatch(/^tools:x:10\d:$/m);
    expect(world.tree.readText('/etc/group')).toMatch(/^shadow:x:42:$/m);
  });
});

// What the programs of shadow 4.13 and adduser 3.134 leave for the same calls.
describe('numbers and orders of accounts', () => {
  it('are given out below the lowest system number, and from the top where that leaves the range', () => {
    const world = new World();
    world.run('groupadd -r first; groupadd -g 450 low; groupadd -r second; groupadd -g 101 lowest; groupadd -r third');
    expect(world.tree.readText('/etc/group').split('\n').slice(3, 8)).toEqual([
      'first:x:999:',
      'low:x:450:',
      'second:x:449:',
      'lowest:x:101:',
      'third:x:998:',
    ]);
  });

  it('a renamed group stands last', () => {
    const world = new World();
    expect(world.run('groupmod -n devil daemon').status).toBe(0);
    expect(world.tree.readText('/etc/group')).toBe('root:x:0:\nnogroup:x:65534:\ndevil:x:1:\n');
    expect(world.tree.readText('/etc/gshadow')).toBe('root:*::\nnogroup:*::\ndevil:*::\n');
  });

  it('useradd misses a group before it knows the user', () => {
    expect(new World().run('useradd -r -g nowhere root').status).toBe(6);
    expect(new World().run('useradd -r -g daemon root').status).toBe(9);
  });

  it('a group may be a number that some group has', () => {
    const world = new World();
    expect(world.run('useradd -r -g 12345 x').status).toBe(6);
    expect(world.run('useradd -r -G also,12345 x').out).toBe(
      "useradd: group 'also' does not exist\nuseradd: group '12345' does not exist\n",
    );
    expect(world.run('set -e; useradd -r -g 1 -G root,0,root x; usermod -aG 65534,1 x').status).toBe(0);
    expect(lastLine(world.tree.readText('/etc/passwd'))).toBe('x:x:999:1::/home/x:/bin/sh');
    expect(world.tree.readText('/etc/group')).toBe('root:x:0:x\ndaemon:x:1:x\nnogroup:x:65534:x\n');
    expect(world.run('usermod -g 12345 x').status).toBe(6);
  });

  it('a home belongs to the next free group where the own one was there before', () => {
    const world = new World();
    world.run('groupadd -g 450 x; adduser --system --group --home /tmp/x --quiet x');
    expect(lastLine(world.tree.readText('/etc/passwd'))).toBe('x:x:100:450::/tmp/x:/usr/sbin/nologin');
    expect(world.tree.get('/tmp/x')).toMatchObject({ uid: 100, gid: 100, mode: 0o755 });
  });
});

describe('passwords', () => {
  // What shadowconfig's own shortcut makes of Debian's first passwd and group, which it calls equal bit by bit.
  it('move into the files that only root reads', () => {
    const world = new World({
      '/etc/passwd': 'root:*:0:0:root:/root:/bin/bash\ndaemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n',
      '/etc/group': 'root:*:0:\nshadow:*:42:\n',
      '/etc/login.defs': 'PASS_MAX_DAYS\t99999\nPASS_MIN_DAYS\t0\nPASS_WARN_AGE\t7\n',
    });
    world.tree.remove('/etc/shadow');
    world.tree.remove('/etc/gshadow');
    expect(world.run('set -e; pwck -q -r; grpck -r; pwconv; grpconv').status).toBe(0);
    const day = Math.floor(world.tree.now / 86_400);
    expect(world.tree.readText('/etc/passwd')).toMatch(/^root:x:0:0:.*\ndaemon:x:1:1:/);
    expect(world.tree.readText('/etc/shadow')).toBe(`root:*:${day}:0:99999:7:::\ndaemon:*:${day}:0:99999:7:::\n`);
    expect(world.tree.readText('/etc/group')).toBe('root:x:0:\nshadow:x:42:\n');
    expect(world.tree.readText('/etc/gshadow')).toBe('root:*::\nshadow:*::\n');
    const before = world.tree.readText('/etc/shadow');
    expect(world.run('pwconv').status).toBe(0);
    expect(world.tree.readText('/etc/shadow')).toBe(before);
    expect(() => world.run('pwck -s')).toThrow(NotInterpretable);
  });
});

describe('diversions and overrides', () => {
  it('move the file and are remembered', () => {
    const world = new World({ '/usr/bin/x': 'theirs' });
    expect(world.run('dpkg-divert --package demo --add --rename --divert /usr/bin/x.real /usr/bin/x').status).toBe(0);
    expect(world.diversions).toEqual([{ from: '/usr/bin/x', to: '/usr/bin/x.real', by: 'demo' }]);
    expect([world.tree.get('/usr/bin/x'), world.tree.readText('/usr/bin/x.real')]).toEqual([undefined, 'theirs']);
    expect(world.run('dpkg-divert --truename /usr/bin/x').out).toBe('/usr/bin/x.real\n');
  });
});

describe('dpkg', () => {
  it('compares versions, and answers about packages', () => {
    const world = new World();
    expect(
      world.run(
        'dpkg --compare-versions 1.0~rc1 lt 1.0 && echo less; dpkg --compare-versions "" lt-nl 1 || echo unknown; dpkg --print-architecture',
      ).out,
    ).toBe('less\nunknown\namd64\n');
    expect(world.run(`dpkg-query -W -f '\${Version} \${db:Status-Status}\\n' demo; dpkg -L demo`).out).toBe(
      '1:2.0-1 installed\n/.\n/usr\n/usr/bin\n/usr/bin/demo\n',
    );
    expect(world.run('dpkg-query -W other 2>/dev/null || echo none').out).toBe('none\n');
  });

  it('passes triggers on, and ldconfig to the end', () => {
    const world = new World();
    world.run('dpkg-trigger --no-await ldconfig; ldconfig; ldconfig');
    expect([world.activated, world.ldconfigs]).toEqual([['ldconfig'], 2]);
  });

  it('has nothing to move when a package is new', () => {
    const world = new World({ '/etc/old.conf': 'x' });
    expect(world.run('dpkg-maintscript-helper rm_conffile /etc/old.conf 1.0~ -- "$@"').status).toBe(0);
    expect(world.tree.readText('/etc/old.conf')).toBe('x');
  });
});

describe('units', () => {
  const UNIT = '[Unit]\nDescription=x\n[Install]\nWantedBy=multi-user.target\nAlias=other.service\n';

  it('are enabled by links, which are remembered', () => {
    const world = new World({ '/lib/systemd/system/x.service': UNIT });
    const script = `deb-systemd-helper unmask x.service >/dev/null || true
if deb-systemd-helper --quiet was-enabled x.service; then deb-systemd-helper enable x.service >/dev/null || true; fi`;
    expect(world.run(script).status).toBe(0);
    expect(linksOf(world.tree, '/etc/systemd/system/multi-user.target.wants')).toEqual([
      'x.service -> /lib/systemd/system/x.service',
    ]);
    expect(linksOf(world.tree, '/etc/systemd/system')).toEqual(['other.service -> /lib/systemd/system/x.service']);
    const folder = '/var/lib/systemd/deb-systemd-helper-enabled';
    expect(world.tree.readText(`${folder}/x.service.dsh-also`).trimEnd().split('\n').sort()).toEqual([
      '/etc/systemd/system/multi-user.target.wants/x.service',
      '/etc/systemd/system/other.service',
    ]);
  });

  it('have no suffix where the target is quoted, as deb-systemd-helper 1.65 reads it', () => {
    const unit = '[Install]\nWantedBy="q.target"\nRequiredBy=r.target\n';
    const world = new World({ '/lib/systemd/system/y.service': unit });
    expect(world.run('deb-systemd-helper enable y.service').status).toBe(0);
    expect(linksOf(world.tree, '/etc/systemd/system/q.target')).toEqual(['y.service -> /lib/systemd/system/y.service']);
    expect(linksOf(world.tree, '/etc/systemd/system/r.target.requires')).toEqual([
      'y.service -> /lib/systemd/system/y.service',
    ]);
  });

  it('are refused where an alias is quoted', () => {
    const world = new World({ '/lib/systemd/system/y.service': '[Install]\nAlias="z.service"\n' });
    expect(() => world.run('deb-systemd-helper enable y.service')).toThrow(NotInterpretable);
  });

  it('are not started', () => {
    const world = new World({ '/etc/init.d/x': '#!/bin/sh\nexit 1\n' });
    expect(world.run('invoke-rc.d x start || exit 1; deb-systemd-invoke start x.service').status).toBe(0);
  });
});

describe('debconf', () => {
  it('answers with defaults, by the words that answers are kept in', () => {
    const world = new World();
    const script = `. /usr/share/debconf/confmodule
db_input high demo/choice || echo "skipped $?" >&2
db_go
db_get demo/choice; echo "$RET" >&2
db_set demo/choice one; db_get demo/choice; echo "$RET" >&2
db_get demo/flag; echo "$RET" >&2
db_get demo/none || echo "no $?" >&2
db_stop`;
    expect(world.run(script).out).toBe('skipped 30\ntwo\none\ntrue\nno 10\n');
  });

  it('answers scripts for bash, in variables that are local', () => {
    const script = `set -e
. /usr/share/debconf/confmodule
readonly WHERE=/etc
answer() {
  local -r NAME="$1"
  local RET=false
  db_get "$NAME" || RET=none
  if [ "$RET" == true ]; then echo "$WHERE\\n" >&2; fi
}
answer demo/flag
answer demo/none
echo "\${NAME-unset}" >&2`;
    expect(new World().run(script, 'bash').out).toBe('/etc\\n\nunset\n');
  });
});

describe('programs that make files of their own', () => {
  it.each(['update-mime-database /usr/share/mime', 'perl -e 1', 'java -version', 'systemctl daemon-reload'])(
    '%s is refused by name',
    (command) => {
      expect(() => new World().run(command)).toThrow(NotInterpretable);
      expect(() => new World().run(command)).toThrow(command.split(' ')[0]!);
    },
  );

  it('py3compile leaves bytecode out', () => {
    const world = new World({ '/usr/lib/python3/dist-packages/x.py': 'pass\n' });
    expect(world.run('py3compile -p demo').status).toBe(0);
    expect(world.tree.list('/usr/lib/python3/dist-packages')).toEqual(['x.py']);
  });
});

describe('ucf', () => {
  it('copies what is new and remembers it', () => {
    const world = new World({ '/usr/share/demo/demo.conf': 'a=1\n', '/var/lib/ucf': '/' });
    expect(world.run('ucf /usr/share/demo/demo.conf /etc/demo.conf; ucfr demo /etc/demo.conf').status).toBe(0);
    expect(world.tree.readText('/etc/demo.conf')).toBe('a=1\n');
    expect(world.tree.readText('/var/lib/ucf/hashfile')).toMatch(/^[0-9a-f]{32} {2}\/etc\/demo\.conf$/m);
    expect(world.tree.readText('/var/lib/ucf/registry')).toMatch(
      /^demo \t ?\/etc\/demo\.conf$|^demo\s+\/etc\/demo\.conf$/m,
    );
  });
});
