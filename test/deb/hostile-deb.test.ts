import { describe, expect, it } from 'vitest';
import { expectCode } from '../expect-code.ts';
import type { Compression, DebEntry } from './make-deb.ts';
import { compressWith, controlTar, debMembers, makeAr, makeDeb, makeTar } from './make-deb.ts';
import { expectRefused, openBytes, withMember } from './open-bytes.ts';

const ENTRIES: readonly DebEntry[] = [{ path: 'etc/demo', content: 'demo\n'.repeat(3000) }];
const [BINARY, CONTROL, DATA] = debMembers({ entries: ENTRIES });
const COMPRESSIONS: readonly Compression[] = ['none', 'gz', 'xz', 'zst'];

const withEntries = (...entries: DebEntry[]): Buffer => makeDeb({ entries });
const withData = (tar: Uint8Array, compression: Compression = 'none'): Buffer =>
  makeAr([
    BINARY!,
    CONTROL!,
    { name: compression === 'none' ? 'data.tar' : `data.tar.${compression}`, bytes: compressWith(compression, tar) },
  ]);
const withControl = (tar: Uint8Array): Buffer => makeAr([BINARY!, { name: 'control.tar', bytes: tar }, DATA!]);

describe('an archive', () => {
  it('that is none is refused, by the name of the package', async () => {
    const expected = { name: 'demo', version: '1:2', architecture: 'all' };
    const error = await expectCode(() => openBytes(Buffer.from('<html>'), expected), 'DEB_INVALID');
    expect(error.message).toBe('Debian package demo 1:2 cannot be unpacked: it is no ar archive');
    expect(error.facts).toEqual({ package: 'demo 1:2' });
    expect(error.hint).toContain('publisher');
  });

  it.each(COMPRESSIONS)('that is cut anywhere is refused (%s)', async (compression) => {
    const bytes = makeDeb({ entries: ENTRIES, compression });
    const step = Math.max(1, Math.floor(bytes.length / 30));
    for (let length = 0; length < bytes.length - 1; length += step) await expectRefused(bytes.subarray(0, length), /./);
  });

  it.each(COMPRESSIONS)('with a member that is cut is refused (%s)', async (compression) => {
    const members = debMembers({ entries: ENTRIES, compression });
    const data = members[2]!;
    const step = Math.max(1, Math.floor(data.bytes.length / 20));
    for (let length = 0; length < data.bytes.length; length += step) {
      // A tar without its last zeros is whole.
      if (compression === 'none' && length > data.bytes.length - 1024) continue;
      await expectRefused(makeAr([...members.slice(0, 2), { ...data, bytes: data.bytes.subarray(0, length) }]), /./);
    }
  });

  it('with sizes that lie is refused', async () => {
    const longer = String(DATA!.bytes.length + 100);
    await expectRefused(makeAr([BINARY!, CONTROL!, { ...DATA!, size: longer }]), 'shorter than its ar headers say');
    await expectRefused(
      makeAr([BINARY!, { ...CONTROL!, size: '10' }, DATA!]),
      /DEFLATE|end|header|cannot be decompressed/,
    );
    await expectRefused(makeAr([BINARY!, CONTROL!, { ...DATA!, size: '-1' }]), 'damaged ar header');
    await expectRefused(makeAr([BINARY!, CONTROL!, { ...DATA!, size: '0x10' }]), 'damaged ar header');
    await expectRefused(makeAr([BINARY!, CONTROL!, { ...DATA!, size: '9999999999' }]), 'shorter than');
  });

  it('with bytes behind its members is refused', async () => {
    await expectRefused(Buffer.concat([makeDeb({ entries: ENTRIES }), Buffer.alloc(70, 'x')]), 'damaged ar header');
  });

  it('with other members, or in another order, is refused', async () => {
    await expectRefused(makeAr([CONTROL!, BINARY!, DATA!]), 'does not begin with a member "debian-binary"');
    await expectRefused(makeAr([BINARY!, DATA!, CONTROL!]), 'a member "data.tar.gz" where control.tar must stand');
    await expectRefused(makeAr([BINARY!, CONTROL!]), 'its end where data.tar must stand');
    await expectRefused(makeAr([BINARY!, CONTROL!, CONTROL!, DATA!]), 'where data.tar must stand');
    const other = { name: 'other', bytes: Buffer.from('x') };
    await expectRefused(makeAr([BINARY!, other, CONTROL!, DATA!]), 'a member "other" where control.tar must stand');
    await expectRefused(makeAr([BINARY!, CONTROL!, DATA!, DATA!]), 'a further member data.tar.gz');
    await expectRefused(makeAr([]), 'but with its end');
  });

  it('of another format is refused', async () => {
    for (const text of ['3.0\n', '0.939000\n', '2.0', '20.1\n', 'x'])
      await expectRefused(withMember('debian-binary', { bytes: Buffer.from(text) }), 'only 2 is known');
    await expectRefused(withMember('debian-binary', { bytes: Buffer.alloc(5000) }), 'does not begin with');
  });

  it.each(['bz2', 'lzma', 'Z'])('with compression %s is refused by name', async (suffix) => {
    const bytes = withMember('data.tar.gz', { name: `data.tar.${suffix}` });
    await expectRefused(bytes, `data.tar.${suffix} that is compressed in a way that is not supported (${suffix})`);
  });

  it('that is not compressed as it says is refused', async () => {
    await expectRefused(withMember('data.tar.gz', { name: 'data.tar.zst' }), 'not compressed as its name says');
    await expectRefused(withMember('data.tar.gz', { name: 'data.tar.xz' }), 'it is no xz data');
    await expectRefused(
      withMember('data.tar.gz', { name: 'data.tar', bytes: Buffer.alloc(2048, 'x') }),
      'damaged number',
    );
    await expectRefused(withMember('data.tar.gz', { bytes: Buffer.alloc(0) }), 'not compressed as its name says');
  });
});

describe('compressed data', () => {
  it.each(['gz', 'zst', 'xz'] as const)('with bytes behind its end is refused (%s)', async (compression) => {
    const data = debMembers({ entries: ENTRIES, compression })[2]!;
    for (const behind of ['x', 'more of it '.repeat(10)]) {
      const bytes = Buffer.concat([data.bytes, Buffer.from(behind)]);
      await expectRefused(makeAr([BINARY!, CONTROL!, { ...data, bytes }]), 'cannot be decompressed');
    }
  });
});

describe('a path', () => {
  it.each(['../etc/passwd', './../x', './a/../../x', '/etc/passwd', './/etc/passwd', './a//b', './a/./b', './..'])(
    'that leaves the image or is no plain one is refused: %j',
    async (path) => {
      await expectRefused(withData(makeTar([{ path, content: 'x' }])), 'no layer can hold');
    },
  );

  it('that is too long is refused', async () => {
    await expectRefused(
      withData(makeTar([{ path: `./${'a/'.repeat(2040)}${'b'.repeat(300)}` }])),
      'more than 4096 bytes',
    );
    await expectRefused(withData(makeTar([{ path: `./${'b'.repeat(300)}` }])), 'more than 255 bytes');
  });

  it('that is not UTF-8 is refused', async () => {
    const spoil = (header: Buffer): void => void header.write('./caf\xe9', 0, 'latin1');
    await expectRefused(withData(makeTar([{ path: 'cafe!', spoil }])), 'not UTF-8');
  });

  it('that stands twice is refused', async () => {
    await expectRefused(withEntries({ path: 'a', content: '1' }, { path: 'a', content: '2' }), 'holds "a" twice');
    await expectRefused(withData(makeTar([{ path: 'a' }, { path: 'a', type: 'directory' }])), 'holds "a" twice');
  });

  it('below a symlink or file of the package is refused, whichever comes first', async () => {
    const link = { path: 'a/b', target: '/etc' };
    const below = { path: 'a/b/c/passwd', content: 'root::0:0' };
    const file = { path: 'a/b', content: 'x' };
    await expectRefused(withData(makeTar([link, below])), '"a/b/c/passwd" below "a/b", which is a symlink');
    await expectRefused(withData(makeTar([below, link])), 'entries below "a/b", which is a symlink');
    await expectRefused(withData(makeTar([file, below])), 'which is a file');
  });

  it('of a whiteout is refused', async () => {
    await expectRefused(withEntries({ path: 'usr/.wh.bin' }), '.wh.');
  });
});

describe('an entry', () => {
  it.each([
    ['3', 'a character device: "./dev/x"'],
    ['4', 'a block device'],
    ['6', 'a fifo'],
    ['7', 'a contiguous file'],
    ['S', 'a sparse file'],
    ['x', 'a PAX header'],
    ['g', 'a PAX header'],
    ['V', 'an entry of type "V"'],
  ])('of type %s is refused by name', async (type, words) => {
    await expectRefused(withEntries({ path: 'dev/x', type }), words);
  });

  it('that is a hard link to anything but a file before it is refused', async () => {
    const words = 'which is no file that stands before it';
    await expectRefused(withEntries({ path: 'a', type: 'hardlink', target: 'b' }, { path: 'b' }), words);
    await expectRefused(withEntries({ path: 'a', type: 'hardlink', target: 'a' }), words);
    await expectRefused(withEntries({ path: 'a', type: 'hardlink', target: '../../etc/shadow' }), words);
    await expectRefused(withEntries({ path: 'a', type: 'hardlink', target: '/etc/shadow' }), words);
    const links: DebEntry[] = [
      { path: 'b', target: '/etc/shadow' },
      { path: 'a', type: 'hardlink', target: 'b' },
    ];
    await expectRefused(withEntries(...links), words);
  });

  it('that has content where none may be is refused', async () => {
    const entry = { path: 'a', target: 'b', content: 'x' };
    await expectRefused(withEntries(entry), 'says it has content of 1 bytes');
    const folder = { path: `${'d'.repeat(120)}/`, content: 'x' };
    await expectRefused(withData(makeTar([folder])), 'says it has content of 1 bytes');
    const negative = (header: Buffer): void => void header.fill(0xff, 124, 136);
    await expectRefused(withEntries({ path: 'a', spoil: negative }), 'says it has content of -1 bytes');
  });

  it('with a damaged header is refused', async () => {
    const tar = makeTar([{ path: 'a', content: 'x' }]);
    tar[3] = 0x42;
    await expectRefused(withData(tar), 'wrong checksum');
    const letters = (header: Buffer): void => void header.write('7x7', 108);
    await expectRefused(withEntries({ path: 'a', spoil: letters }), 'damaged number');
    const huge = (header: Buffer): void => void header.fill(0x80, 124, 125).fill(0xff, 125, 136);
    await expectRefused(withEntries({ path: 'a', spoil: huge }), 'damaged number');
    const owner = (header: Buffer): void => void header.write('\x80\0\0\x01\xff\xff\xff\xff', 108, 'latin1');
    await expectRefused(withEntries({ path: 'a', spoil: owner }), 'its uid is');
  });

  it('may have numbers that only GNU writes, and an old header', async () => {
    const base256 = (header: Buffer): void => void header.write('\x80\0\0\0\0\x40\0\0', 108, 'latin1');
    const before1970 = (header: Buffer): void => void header.fill(0xff, 136, 148);
    const old = (header: Buffer): void => void header.fill(0, 257, 512);
    const posix = (header: Buffer): void => {
      header.write('ustar\x0000', 257);
      header.write('./usr/share', 345);
    };
    const { entries, owners } = await openBytes(
      withData(
        makeTar([
          { path: 'a', spoil: base256 },
          { path: 'b', spoil: before1970 },
          { path: './c/', type: '\0', spoil: old },
          { path: '.d', spoil: posix },
        ]),
      ),
    );
    expect(entries.map(({ type, path, uid, mtime }) => [type, path, uid, mtime])).toEqual([
      ['file', 'a', 4_194_304, 1_700_000_000],
      ['file', 'b', 0, -1],
      ['directory', 'c', 0, 1_700_000_000],
      ['file', 'usr/share/.d', 0, 1_700_000_000],
    ]);
    expect(owners?.get('c')).toEqual({ user: '', group: '' });
  });
});

describe('a tar', () => {
  it('with something behind its end is refused', async () => {
    const tar = makeTar([{ path: 'a', content: 'x' }]);
    await expectRefused(withData(Buffer.concat([tar, Buffer.from('x')])), 'something behind the end');
    await expectRefused(withData(Buffer.concat([tar, makeTar([{ path: 'b' }])])), 'something behind the end');
    expect((await openBytes(withData(Buffer.concat([tar, Buffer.alloc(9000)])))).name).toBe('demo');
  });

  it('that ends without its zeros, or behind a long name, is refused', async () => {
    const whole = makeTar([{ path: 'a', content: 'x' }]);
    await expectRefused(withData(whole.subarray(0, 1024)), 'stops before the end');
    const long = makeTar([{ path: 'b'.repeat(120) }], Buffer.alloc(0));
    await expectRefused(
      withData(Buffer.concat([long.subarray(0, 1024), Buffer.alloc(1024)])),
      'long name without an entry',
    );
  });

  it.each(['gz', 'zst'] as const)('that is a bomb is refused (%s)', async (compression) => {
    const tar = makeTar([{ path: 'bomb', content: Buffer.alloc(110e6) }]);
    await expectRefused(withData(tar, compression), 'unpacks to more than');
  });
});

describe('a control archive', () => {
  it('without a good control file is refused', async () => {
    await expectRefused(withControl(makeTar([])), 'no control file');
    await expectRefused(withControl(controlTar({ control: '' })), '0 stanzas');
    await expectRefused(withControl(controlTar({ control: 'Package: a\n\nPackage: b\n' })), '2 stanzas');
    await expectRefused(withControl(controlTar({ control: 'Package\n' })), 'a line that is no field: "Package"');
    await expectRefused(withControl(controlTar({ control: 'Package: a\n' })), 'no field Version');
    await expectRefused(withControl(controlTar({ name: '../../etc' })), 'a damaged field Package');
    await expectRefused(withControl(controlTar({ version: '1/2' })), 'a damaged field Version');
    await expectRefused(withControl(controlTar({ architecture: 'a b' })), 'a damaged field Architecture');
    const latin = makeTar([{ path: 'control', content: Buffer.from('Package: caf\xe9\n', 'latin1') }]);
    await expectRefused(withControl(latin), 'control file that is not UTF-8');
  });

  it('with anything but plain files of plain names is refused', async () => {
    const control = { path: 'control', content: 'Package: demo\nVersion: 1\nArchitecture: all\n' };
    await expectRefused(withControl(makeTar([control, control])), 'holds "control" twice');
    for (const entry of [
      { path: 'postinst', target: '/bin/true' },
      { path: 'sub', type: 'directory' },
      { path: 'sub/x' },
      { path: './../x' },
    ])
      await expectRefused(withControl(makeTar([control, entry])), 'not only plain files');
  });

  it('that is too large is refused', async () => {
    const tar = controlTar({ members: { md5sums: 'x'.repeat(33 << 20) } });
    const bytes = makeAr([BINARY!, { name: 'control.tar.gz', bytes: compressWith('gz', tar) }, DATA!]);
    await expectRefused(bytes, 'control.tar.gz that unpacks to more than 33554432 bytes');
  });
});
