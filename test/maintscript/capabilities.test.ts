import { describe, expect, it } from 'vitest';
import { getcap, setcap } from '../../src/maintscript/capabilities.ts';
import { NotInterpretable } from '../../src/shell/program.ts';
import { makeTree, runProgram } from './staged-tree.ts';

// The bytes that setcap of libcap 2.66 gives a file, in base64.
describe('setcap', () => {
  it.each([
    ['cap_net_raw+ep', 'AQAAAgAgAAAAAAAAAAAAAAAAAAA='],
    ['cap_net_bind_service=ep', 'AQAAAgAEAAAAAAAAAAAAAAAAAAA='],
    ['cap_net_raw,cap_net_admin=eip', 'AQAAAgAwAAAAMAAAAAAAAAAAAAA='],
    ['cap_bpf,cap_chown+p', 'AAAAAgEAAAAAAAAAgAAAAAAAAAA='],
  ])('%s', (text, value) => {
    const tree = makeTree({ '/bin/ping': 'x' });
    expect(runProgram(tree, setcap, `setcap ${text} /bin/ping`)).toEqual({ status: 0, out: '', error: '' });
    expect(tree.get('/bin/ping')?.xattrs).toEqual({ 'security.capability': value });
    runProgram(tree, setcap, 'setcap -r /bin/ping');
    expect(tree.get('/bin/ping')?.xattrs).toBeUndefined();
  });

  it('misses a file that is not there', () => {
    expect(runProgram(makeTree({}), setcap, 'setcap cap_net_raw+ep nosuch')).toEqual({
      status: 1,
      out: '',
      error: "Failed to set capabilities on file 'nosuch': No such file or directory\n",
    });
  });

  it.each(['cap_zzz+ep', 'cap_net_raw+ep cap_chown-p', 'all=ep', '-v cap_net_raw+ep'])('refuses %s', (text) => {
    expect(() => runProgram(makeTree({ '/x': 'x' }), setcap, `setcap ${text} /x`)).toThrow(NotInterpretable);
  });
});

describe('getcap', () => {
  it('says nothing of files without any', () => {
    const tree = makeTree({ '/x': 'x' });
    expect(runProgram(tree, getcap, 'getcap /x')).toEqual({ status: 0, out: '', error: '' });
    runProgram(tree, setcap, 'setcap cap_net_raw+ep /x');
    expect(() => runProgram(tree, getcap, 'getcap /x')).toThrow(NotInterpretable);
    expect(() => runProgram(tree, getcap, 'getcap -r /')).toThrow(NotInterpretable);
  });
});
