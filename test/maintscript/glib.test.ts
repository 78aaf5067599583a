import { describe, expect, it } from 'vitest';
import { GLIB_PROGRAMS } from '../../src/maintscript/glib.ts';
import { LEFT_OUT } from '../../src/maintscript/left-out.ts';
import { REFUSED } from '../../src/maintscript/refused.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeTree, runProgram } from './staged-tree.ts';

const FOLDER = '/usr/lib/x86_64-linux-gnu/glib-2.0';
const compile = GLIB_PROGRAMS.get(`${FOLDER}/glib-compile-schemas`)!;
const query = GLIB_PROGRAMS.get(`${FOLDER}/gio-querymodules`)!;

// What the programs of glib 2.74 print where there is nothing for them.
describe('glib-compile-schemas', () => {
  it('has nothing to compile', () => {
    const tree = makeTree({ '/s/README': 'x' });
    expect(runProgram(tree, compile, 'x /s')).toEqual({
      status: 0,
      out: 'No schema files found: doing nothing.\n',
      error: '',
    });
    expect(runProgram(tree, compile, 'x /none').status).toBe(1);
  });

  it.each(['a.gschema.xml', 'a.gschema.override', 'a.enums.xml', 'gschemas.compiled'])('refuses %s', (name) => {
    expect(() => runProgram(makeTree({ [`/s/${name}`]: 'x' }), compile, 'x /s')).toThrow(name);
  });
});

describe('gio-querymodules', () => {
  it('has nothing to load', () => {
    expect(runProgram(makeTree({ '/m/x.la': 'x' }), query, 'x /m')).toEqual({ status: 0, out: '', error: '' });
    expect(runProgram(makeTree({}), query, 'x /none').status).toBe(0);
    expect(() => runProgram(makeTree({ '/m/x.so': 'x' }), query, 'x /m')).toThrow(NotInterpretable);
    expect(() => runProgram(makeTree({}), query, 'x --help')).toThrow(NotInterpretable);
  });
});

describe('programs that are not carried out', () => {
  it.each([...REFUSED.keys()])('%s is refused by name', (name) => {
    expect(() => runProgram(makeTree({}), REFUSED.get(name)!, name)).toThrow(name);
  });

  it('leave caches out, and run no Python', () => {
    const tree = makeTree({});
    const run = (words: string): number => runProgram(tree, LEFT_OUT.get(words.split(' ')[0]!)!, words).status;
    expect(['py3compile -p x', 'fc-cache -s', 'gtk-update-icon-cache /x'].map(run)).toEqual([0, 0, 0]);
    expect(run('python3.11 -E -S /usr/lib/python3.11/py_compile.py x.py')).toBe(0);
    expect(() => run('python3 -c 1')).toThrow(NotInterpretable);
    expect(() => run('python3 /usr/lib/python3/evil.py')).toThrow(NotInterpretable);
    expect([...tree.changes()]).toEqual([]);
  });

  it('rebuild no index of icons that the base has', () => {
    const tree = makeTree({ '/icons/new.png': '' }, { 'icons/icon-theme.cache': 1 });
    const run = (): unknown => runProgram(tree, LEFT_OUT.get('gtk-update-icon-cache')!, 'x --force --quiet /icons');
    expect(run).toThrow(/\/icons\/icon-theme\.cache/);
  });
});
