import { assert, property, stringMatching, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecord, printRecord, rowOf } from '../../src/python/record.ts';

describe('RECORD', () => {
  it('is read row by row', () => {
    const text = 'a.py,sha256=abc_-,12\r\n"b,""c"".py",,\n\nd.dist-info/RECORD,,\n';
    expect(parseRecord(text)).toEqual([
      { path: 'a.py', hash: 'sha256=abc_-', size: '12' },
      { path: 'b,"c".py', hash: '', size: '' },
      { path: 'd.dist-info/RECORD', hash: '', size: '' },
    ]);
  });

  it.each(['a.py', 'a.py,', 'a,b,c,d', ',sha256=x,1', '"",,', '"a,,', 'a"b,,', '"a"b,,', 'a,"b,c', '\0'])(
    'is not a line such as %j',
    (line) => {
      expect(parseRecord(`ok.py,,\n${line}\n`)).toBeUndefined();
    },
  );

  it('is printed in the order of paths', () => {
    const row = (path: string) => ({ path, hash: '', size: '' });
    expect(printRecord([row('b'), row('a,"b'), row('../x')])).toBe('../x,,\n"a,""b",,\nb,,\n');
  });

  it('has the hash of the content without padding', () => {
    // sha256 of the empty string, in urlsafe base64.
    expect(rowOf('a/__init__.py', new Uint8Array())).toEqual({
      path: 'a/__init__.py',
      hash: 'sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
      size: '0',
    });
  });

  it('is read as it was printed', () => {
    const path = stringMatching(/^[^\r\n]+$/u);
    assert(
      property(uniqueArray(path), (paths) => {
        const rows = paths.map((one) => ({ path: one, hash: 'sha256=x', size: '1' }));
        const sorted = [...rows].sort((one, other) => (one.path < other.path ? -1 : 1));
        expect(parseRecord(printRecord(rows))).toEqual(sorted);
      }),
    );
  });
});
