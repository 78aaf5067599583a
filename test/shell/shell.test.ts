// What the shell does beyond the words of dash: programs and modules, what an image would answer, and what is refused.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BaseEntry } from '../../src/filesystem/facts.ts';
import { WritableTree } from '../../src/filesystem/writable-tree.ts';
import { NotInterpretable, type Program } from '../../src/shell/program.ts';
import { posixPrograms } from '../../src/shell/programs.ts';
import { NOW, run, smallTree } from './snippet.ts';

const refusal = (script: string, more: Parameters<typeof run>[1] = {}): string => {
  try {
    run(script, more);
  } catch (error) {
    if (error instanceof NotInterpretable) return error.message;
    throw error;
  }
  return 'nothing was refused';
};

const textAt = (tree: WritableTree, path: string): string => tree.readText(path);

/** A tree over a base with a file whose bytes nobody has. */
function treeWithUnread(path: string, mode = 0o755): WritableTree {
  const entries = new Map<string, BaseEntry>([[path, { type: 'file', mode, uid: 0, gid: 0, mtime: 0, size: 9 }]]);
  for (const name of ['etc', 'usr', 'usr/bin', 'box', 'proc']) {
    entries.set(name, { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 });
  }
  const facts = { entries, captured: new Map<string, Uint8Array>() };
  const readRange = (): never => {
    throw new Error('nothing lies on the host');
  };
  return new WritableTree({ facts, readRange, now: NOW });
}

describe('constructs that dash does not have', () => {
  it.each([
    ['a=(1 2)', /unexpected token|an array/],
    ['[[ -n x ]]', /\[\[…\]\]/],
    ['((1))', /\(\(…\)\)/],
    ['for ((i=0;i<1;i++)); do :; done', /for \(\(…\)\)/],
    ['cat <(true)', /process substitution/],
    ['cat <<< x', /<<</],
    ['true &> x', /&>/],
    ['true >& x', />&x/],
    ['true |& cat', /\|&/],
    ['function f { :; }', /the keyword function/],
    ['f-g() { :; }', /the function name f-g/],
    ['x+=1', /\+=/],
    ['x[1]=2', /an array/],
    [`echo $'a'`, /\$'…'/],
    ['echo $"a"', /\$"…"/],
    ['echo ${x/a/b}', /\$\{x\/a\/b\}/],
    ['echo ${x:1}', /\$\{x:1\}/],
    ['echo ${!x}', /\$\{!x\}/],
    ['echo ${x^^}', /\$\{x\^\^\}/],
    ['echo $[1]', /\$\[…\]/],
    ['case x in x) ;& y) ;; esac', /;&/],
    ['select x in a; do :; done', /select/],
    ['time true', /time/],
    ['coproc true', /coproc/],
    ['exec {fd}>x', /\{name\}>/],
    ['echo @(a|b)', /an extended pattern/],
    ['echo a{$x,b}', /a brace expansion/],
    ['true <> x', /<>/],
    ['if true; then', /./],
    ['echo "$(if)"', /./],
    ['echo $LINENO', /LINENO/],
    ['echo $((x++))', /\+\+/],
    ['set -o pipefail', /pipefail/],
    ['read -t 1 x', /read -t/],
    ['alias a=b', /alias/],
    ['kill 1', /kill/],
    ['local -', /not in a function|local -/],
  ])('%s', (script, message) => {
    const found = script === 'local -' ? refusal('f() { local -; }; f') : refusal(script);
    expect(found).toMatch(message);
    expect(found).not.toBe('nothing was refused');
  });

  it('are refused before anything has run', () => {
    const tree = smallTree();
    expect(refusal('touch made; [[ a ]]', { tree })).toMatch(/\[\[/);
    expect(tree.get('box/made')).toBeUndefined();
  });
});

describe('options and input that utilities do not treat', () => {
  it.each([
    ['grep --foo x', 'grep --foo'],
    ['grep -P x', 'grep -P'],
    ['cp --sparse=always a b', 'cp --sparse=always'],
    ['sed s/a/b/w f', 'sed: w in s/a/b/w'],
    [`echo a | sed -E 's/(a|ab)/x/'`, 'an alternative'],
    [`echo a | sed 's/\\(a*\\)*b/x/'`, 'a repeated group'],
    [`echo a | sed 's/a/\\U&/'`, '\\U in a replacement'],
    [`echo a | grep '[[.a.]]'`, '[.'],
    [`echo a | grep '\\q'`, '\\q'],
    ['stat -c %h /etc', 'stat -c %h'],
    ['stat /etc', 'stat without -c'],
    ['find . -mtime 1', 'find -mtime'],
    ['ls -l', 'ls -l'],
    ['date -d tomorrow', 'date -d tomorrow'],
    ['date +%Y', 'date +%Y'],
    [`awk '{ x++ }'`, 'awk { x++ }'],
    ['getent hosts x', 'getent hosts'],
    ['uname -r', 'uname -r'],
    ['touch -d now x', 'touch with a date'],
    ['sort -k1.2 x', 'sort -k 1.2'],
    ['expr 1 + 2 + 3', 'expr 1 + 2 + 3'],
    ['echo x > a; echo y > b; diff a b', 'diff of files that differ'],
    [`echo "it's" | xargs echo`, 'quotes in the input of xargs'],
    ['chmod u=q /etc', 'the mode u=q'],
    ['echo > /dev/sda', '/dev/sda'],
    ['cat /proc/cpuinfo', '/proc/cpuinfo'],
    ['[ -e /sys/class/net ]', '/sys/class/net'],
    ['cat < /proc/mounts', '/proc/mounts'],
  ])('%s', (script, message) => {
    expect(refusal(script)).toContain(message);
  });

  it('refuses bytes that are not UTF-8, and copies them all the same', () => {
    const tree = smallTree();
    tree.write('/box/bytes', new Uint8Array([0xff, 0x0a]));
    expect(refusal('cat bytes', { tree })).toContain('not UTF-8');
    expect(run('cp bytes copy && cmp -s bytes copy', { tree }).status).toBe(0);
    expect([...tree.read('/box/copy')]).toEqual([0xff, 0x0a]);
  });

  it('refuses what the base has and nobody read, by its path', () => {
    const tree = treeWithUnread('etc/secret', 0o644);
    const programs = posixPrograms();
    const assumed = new Set(programs.keys());
    expect(refusal('read x < /etc/secret', { tree })).toContain('/etc/secret');
    expect(refusal('cat /etc/secret', { tree, assumed })).toContain('/etc/secret');
    expect(run('[ -f /etc/secret ] && [ -s /etc/secret ] && mkdir -p /etc/x', { tree, assumed }).status).toBe(0);
    // A layer that says another mode must hold the bytes.
    expect(refusal('chmod 600 /etc/secret', { tree, assumed })).toContain('/etc/secret');
  });

  it('refuses the names below /proc', () => {
    expect(refusal('echo /proc/*/cmdline', { tree: treeWithUnread('etc/x') })).toContain('/proc');
  });
});

describe('programs', () => {
  const hello: Program = (call) => {
    call.stdout(
      `hello ${call.argv.slice(1).join(',')} ${call.env.get('A') ?? '-'} ${call.cwd} ${call.umask.toString(8)}\n`,
    );
    return 3;
  };
  const withHello = (path: string | undefined, assumed: readonly string[] = []) => {
    const tree = smallTree();
    if (path !== undefined) tree.write(path, '\u007fELF', { mode: 0o755 });
    const programs = new Map([...posixPrograms(), ['hello', hello], ['/usr/lib/x/tool', hello]] as const);
    return { tree, programs, assumed: new Set(assumed) };
  };

  it('are those that PATH leads to in the tree', () => {
    const there = withHello('/usr/bin/hello');
    expect(run('A=1 hello a "b c"; echo $?; command -v hello', there).stdout).toBe(
      'hello a,b c 1 /box 22\n3\n/usr/bin/hello\n',
    );
    expect(run('export A=2; umask 077; cd /; /usr/bin/hello', there)).toMatchObject({
      stdout: 'hello  2 / 77\n',
      status: 3,
    });
    const missing = run('hello; echo $?; command -v hello || which hello || echo none', withHello(undefined));
    expect(missing.stdout).toBe('sh: hello: not found\n127\nnone\n');
  });

  it('are there in any case when they are assumed', () => {
    const assumed = withHello(undefined, ['hello']);
    expect(run('command -v hello; hello; /usr/sbin/hello', assumed).stdout).toBe(
      '/usr/bin/hello\nhello  - /box 22\nhello  - /box 22\n',
    );
    expect(run('[ -x /usr/bin/hello ]', assumed).status).toBe(1);
  });

  it('may stand in the table by their path', () => {
    const tool = withHello(undefined);
    tool.tree.makeDirectories('/usr/lib/x');
    expect(run('/usr/lib/x/tool', tool).status).toBe(127);
    tool.tree.write('/usr/lib/x/tool', '', { mode: 0o755 });
    expect(run('/usr/lib/x/tool', tool).status).toBe(3);
  });

  it('that are neither in the table nor scripts are refused', () => {
    const { tree } = withHello('/usr/bin/other');
    tree.write('/usr/bin/snake', '#!/usr/bin/python3\n', { mode: 0o755 });
    tree.write('/usr/bin/bashful', '#!/bin/bash\n', { mode: 0o755 });
    expect(refusal('other', { tree })).toBe('/usr/bin/other');
    expect(refusal('/usr/bin/snake', { tree })).toBe('/usr/bin/snake');
    expect(refusal('bashful', { tree })).toBe('/usr/bin/bashful');
    expect(refusal('ls', { tree: treeWithUnread('usr/bin/ls'), programs: new Map() })).toContain('/usr/bin/ls');
    expect(run('if false; then other; fi; command -v other >/dev/null', { tree }).status).toBe(0);
  });

  it('that are scripts for sh are interpreted, with options of their first line', () => {
    const tree = smallTree();
    tree.write('/usr/sbin/strict', '#! /bin/sh -e\necho "$0 $# $1 ${A-none} ${B-none}"\nfalse\necho no\n', {
      mode: 0o755,
    });
    const { stdout } = run('A=x; export B=y; /usr/sbin/strict one two || echo $?; PATH=$PATH:/usr/sbin; strict; :', {
      tree,
    });
    expect(stdout).toBe('/usr/sbin/strict 2 one none y\n1\n/usr/sbin/strict 0  none y\n');
  });

  it('run others: with input, output and status', () => {
    const outer: Program = (call) => {
      let text = '';
      const status = call.run(['tr', 'a-z', 'A-Z'], { stdin: 'abc', stdout: (more) => (text += more) });
      const unknown = call.run(['nothing-like-it']);
      call.stdout(`${text} ${status} ${unknown}\n`);
      return call.run(['sh-script']);
    };
    const tree = smallTree();
    tree.write('/usr/bin/outer', '', { mode: 0o755 });
    tree.write('/usr/bin/sh-script', '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    const programs = new Map([...posixPrograms(), ['outer', outer]]);
    expect(run('exec 2>/dev/null; outer', { tree, programs })).toMatchObject({ stdout: 'ABC 0 127\n', status: 9 });
  });

  it('that do not read standard input leave it to the next', () => {
    const { stdout } = run(
      'printf "a\\nb\\n" | while read x; do mkdir $x; cat /dev/null; done; ls; printf "a\\nb\\n" | { read x; cat; }',
    );
    expect(stdout).toBe('a\nb\nb\n');
  });

  it('that meet what they do not catch say so, and fail', () => {
    const careless: Program = ({ tree }) => tree.read('/nope').length;
    const tree = smallTree();
    tree.write('/usr/bin/careless', '', { mode: 0o755 });
    const { stdout, status } = run('careless', { tree, programs: new Map([['careless', careless]]) });
    expect({ stdout, status }).toEqual({ stdout: 'careless: /nope: No such file or directory\n', status: 1 });
  });
});

describe('modules', () => {
  const get = (call: {
    readonly argv: readonly string[];
    readonly set: (name: string, value: string) => void;
  }): number => {
    call.set('RET', `value of ${call.argv[1]}`);
    return call.argv[1] === 'missing' ? 10 : 0;
  };
  const modules = new Map([['/usr/share/debconf/confmodule', new Map([['db_get', get]])]]);

  it('bring commands that set variables, in place of their file', () => {
    const script =
      'set -e; . /usr/share/debconf/confmodule; db_get a/b; echo "$RET"; db_get missing || echo $?; echo $(db_get c; echo "$RET"); type db_get';
    expect(run(script, { modules }).stdout).toBe('value of a/b\n10\nvalue of c\ndb_get is a shell function\n');
  });

  it('are not known before', () => {
    expect(run('db_get a', { modules }).status).toBe(127);
  });
});

describe('what scripts leave behind', () => {
  it('has the time of the tree, the owner root and the mode of the umask', () => {
    const { tree } = run('echo a > f; umask 077; echo b > g; mkdir d; ln -s f l');
    expect(tree.get('box/f')).toMatchObject({ mode: 0o644, uid: 0, gid: 0, mtime: NOW });
    expect(tree.get('box/g')?.mode).toBe(0o600);
    expect(tree.get('box/d')?.mode).toBe(0o700);
    expect(tree.get('box/l', false)).toMatchObject({ type: 'symlink', target: 'f' });
  });

  it('keeps owners and modes of what is written into, and gives sed -i its own', () => {
    const tree = smallTree();
    tree.write('/box/conf', 'a\n', { mode: 0o600, uid: 1, gid: 1 });
    run('echo b >> conf; sed -i s/a/c/ conf; cp conf copy; cp -p conf kept', { tree });
    expect(textAt(tree, '/box/conf')).toBe('c\nb\n');
    expect(tree.get('box/conf')).toMatchObject({ mode: 0o600, uid: 1, gid: 1 });
    expect(tree.get('box/copy')).toMatchObject({ mode: 0o600, uid: 0, gid: 0 });
    expect(tree.get('box/kept')).toMatchObject({ mode: 0o600, uid: 1, gid: 1 });
  });

  it('copies what lies on the host without reading it', () => {
    const tree = smallTree();
    const content = { kind: 'range', file: '/host', offset: 0, length: 5, encoding: 'identity', size: 5 } as const;
    tree.place({ type: 'file', path: 'box/big', mode: 0o755, uid: 0, gid: 0, mtime: 1, content });
    run('cp -a big copy; install -m 600 big other', { tree });
    expect(tree.get('box/copy')).toMatchObject({ content, mode: 0o755, mtime: 1 });
    expect(tree.get('box/other')).toMatchObject({ content, mode: 0o600, mtime: NOW });
  });

  it('names temporary files the same each time', () => {
    const names = (): string => run('mktemp; mktemp; mktemp -d; mktemp ./a.XXXX').stdout;
    expect(names()).toBe(names());
    expect(new Set(names().split('\n')).size).toBe(5);
  });

  it('keeps the bits of a directory in new ones below it', () => {
    const tree = smallTree();
    tree.makeDirectory('/box/shared', { mode: 0o2775, gid: 50 });
    run('mkdir shared/a; mkdir -m 700 shared/b', { tree });
    expect(tree.get('box/shared/a')).toMatchObject({ mode: 0o2755, gid: 50 });
    expect(tree.get('box/shared/b')).toMatchObject({ mode: 0o2700, gid: 50 });
  });
});

describe('the kernel and the clock', () => {
  it('are what the caller says', () => {
    const programs = posixPrograms({ machine: 'aarch64', release: '6.1.0' });
    expect(run('uname -m; uname -r; uname; uname -s; date +%s; date -u', { programs }).stdout).toBe(
      `aarch64\n6.1.0\nLinux\nLinux\n${NOW}\nTue Nov 14 22:13:20 UTC 2023\n`,
    );
    expect(refusal('uname -m', { programs: posixPrograms() })).toBe('uname -m');
  });

  it('knows no local time but UTC', () => {
    const script = 'u=$(TZ=UTC0 date); date -d "$u"; ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime; date';
    expect(run(script).stdout).toBe('Tue Nov 14 22:13:20 UTC 2023\n'.repeat(2));
    expect(refusal('ln -s /usr/share/zoneinfo/Europe/Berlin /etc/localtime; date')).toBe('date in local time');
  });
});

describe('the programs for awk that packages bring', () => {
  it('finds the last LANG', () => {
    const program = `'/^LANG=/ {gsub("\\"", ""); sub("LANG=", ""); lang=$0;} END {print lang}'`;
    expect(run(`printf 'LANG=a\\nX=1\\nLANG="de_DE.UTF-8"\\n' | awk ${program}; : | awk ${program}`).stdout).toBe(
      'de_DE.UTF-8\n\n',
    );
  });
});

describe('bounds', () => {
  it('ends a script that never would', () => {
    expect(refusal('while :; do :; done')).toContain('commands');
  });

  it('ends functions that call themselves forever', () => {
    expect(refusal('f() { f; }; f')).toContain('levels');
  });

  it('ends output that never would', () => {
    expect(refusal('x=0123456789abcdef; while :; do x=$x$x; echo $x; done')).toContain('prints more');
  });
});

describe('any text', () => {
  const text = fc
    .string({ unit: 'grapheme' })
    .filter((value) => !value.includes('\0') && !/[\ud800-\udfff](?![\udc00-\udfff])/.test(value));

  it('goes through quotes, variables and files as it is', () => {
    fc.assert(
      fc.property(text, (value) => {
        const quoted = `'${value.replaceAll("'", `'\\''`)}'`;
        const { tree } = run(`x=${quoted}; printf %s "$x" > f; set -- "$x"; printf %s "$1" > g`);
        expect(textAt(tree, '/box/f')).toBe(value);
        expect(textAt(tree, '/box/g')).toBe(value);
      }),
    );
  });

  it('matches itself as a quoted pattern, and nothing of it is a wildcard', () => {
    fc.assert(
      fc.property(text, (value) => {
        const env = new Map([['V', value]]);
        expect(
          run('case "$V" in "$V") ;; *) exit 1;; esac; [ "${V#"$V"}" = "" ] && [ "x${V}" = "x${V%"$V"}$V" ]', { env })
            .status,
        ).toBe(0);
      }),
    );
  });

  it('is computed as 64-bit integers are', () => {
    const int = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(int, int, fc.constantFrom('+', '-', '*', '&', '|', '^'), (a, b, operator) => {
        const operations = { '+': a + b, '-': a - b, '*': a * b, '&': a & b, '|': a | b, '^': a ^ b };
        expect(run(`echo $(( (${a}) ${operator} (${b}) ))`).stdout).toBe(
          `${BigInt.asIntN(64, operations[operator])}\n`,
        );
      }),
    );
  });
});
