import { describe, expect, it } from 'vitest';
import type { AptSource } from '../../src/apt/apt-source.ts';
import { readAptSources } from '../../src/apt/apt-sources.ts';
import { expectCode } from '../expect-code.ts';
import { aptFiles } from './apt-files.ts';

const KEY = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----';
const FINGERPRINT = 'AB'.repeat(20);
const KEYRINGS = { '/usr/share/keyrings/a.gpg': 'a', '/etc/apt/keyrings/b.asc': 'b' };

const fromLines = (text: string, more: Readonly<Record<string, string>> = {}) =>
  readAptSources(aptFiles({ ...KEYRINGS, ...more, '/etc/apt/sources.list': text }), 'host');
const fromStanzas = (text: string) =>
  readAptSources(aptFiles({ ...KEYRINGS, '/etc/apt/sources.list.d/x.sources': text }), 'host');

/** The parts that both styles name. */
const short = ({ uri, suite, components, where }: AptSource): string =>
  `${uri} ${suite} ${components.join(' ')} @${where.replace('/etc/apt/', '')}`;

describe('one-line sources', () => {
  it('are one for each line of type deb', () => {
    const sources = fromLines(
      [
        '# deb http://old.example/ x main',
        'deb http://mirror.example/debian bookworm main contrib # comment',
        '',
        'deb-src http://mirror.example/debian bookworm main',
        '  deb\thttp://mirror.example/flat ./',
        'deb [ arch=amd64,arm64 ] file:/srv/packages stable/',
      ].join('\n'),
    );
    expect(sources.map(short)).toEqual([
      'http://mirror.example/debian/ bookworm main contrib @sources.list:2',
      'http://mirror.example/flat/ ./  @sources.list:5',
      'file:///srv/packages/ stable/  @sources.list:6',
    ]);
    expect(sources.map(({ architectures }) => architectures)).toEqual([undefined, undefined, ['amd64', 'arm64']]);
  });

  it('have what apt has for options that are not written', () => {
    expect(fromLines('deb http://mirror.example/ x main')[0]).toMatchObject({
      trusted: false,
      checkDate: true,
      checkValidUntil: true,
      maxFutureSeconds: 10,
      validUntilMaxSeconds: undefined,
      byHash: 'yes',
      snapshot: undefined,
      keyring: { files: [], fingerprints: [] },
    });
  });

  it.each<[string, Partial<AptSource>]>([
    ['trusted=yes', { trusted: true }],
    ['check-valid-until=no', { checkValidUntil: false, checkDate: true }],
    ['check-date=no', { checkValidUntil: false, checkDate: false }],
    ['date-max-future=3600', { maxFutureSeconds: 3600 }],
    ['valid-until-max=60 valid-until-min=5', { validUntilMaxSeconds: 60, validUntilMinSeconds: 5 }],
    ['by-hash=force', { byHash: 'force' }],
    ['by-hash=no', { byHash: 'no' }],
    ['snapshot=20260115T000000Z', { snapshot: { time: '20260115T000000Z', place: 'release' } }],
    ['snapshot=enable', { snapshot: undefined }],
    ['lang=none pdiffs=no allow-insecure=no', {}],
    ['Trusted=true', { trusted: true }],
  ])('understand [%s]', (options, expected) => {
    expect(fromLines(`deb [${options}] http://mirror.example/ x main`)[0]).toMatchObject(expected);
  });

  it.each([
    ['deb [trusted=yes] ', 'names no URI'],
    ['deb http://mirror.example/', 'names no suite'],
    ['deb http://mirror.example/ x', 'names no component of x'],
    ['deb http://mirror.example/ x/ main', '"x/" is an exact path'],
    ['http://mirror.example/ x main', 'it is not "deb'],
    ['rpm http://mirror.example/ x main', 'it is not "deb'],
    ['deb [arch=amd64 http://mirror.example/ x main', 'it is not "deb'],
    ['deb [arch] http://mirror.example/ x main', '"arch" is not "option=value"'],
    ['deb [arch+=arm64] http://mirror.example/ x main', '"arch+=" is not supported'],
    ['deb [allow-insecure=yes] http://mirror.example/ x main', '"allow-insecure" is not supported'],
    ['deb [inrelease-path=x] http://mirror.example/ x main', '"inrelease-path" is not supported'],
    ['deb [target=Packages] http://mirror.example/ x main', '"target" is not supported'],
    ['deb [colour=red] http://mirror.example/ x main', '"colour" is not supported'],
    ['deb [trusted=no] http://mirror.example/ x main', 'not to be trusted'],
    ['deb [trusted=perhaps] http://mirror.example/ x main', 'not yes or no'],
    ['deb [valid-until-max=soon] http://mirror.example/ x main', 'not a number of seconds'],
    ['deb [snapshot=yesterday] http://mirror.example/ x main', 'snapshot "yesterday"'],
    ['deb [signed-by=/no.gpg] http://mirror.example/ x main', 'no keyring /no.gpg'],
    ['deb [signed-by=no.gpg] http://mirror.example/ x main', 'neither a path nor a fingerprint'],
    ['deb ftp://mirror.example/ x main', '"ftp:"'],
    ['deb cdrom:[Debian]/ x main', 'cdrom'],
    ['deb mirror+file:/etc/mirrors x main', '"mirror+file:"'],
    ['deb mirror.example/debian x main', 'not an absolute URL'],
    ['deb http://mirror.example/{snapshot}/ x main', 'place for a snapshot'],
    ['deb http://mirror.example/?a=b x main', 'query'],
  ])('are refused by name: %s', async (line, words) => {
    const error = await expectCode(() => fromLines(`\n${line}\n`), 'APT_SOURCES_INVALID');
    expect(error.message).toContain('/etc/apt/sources.list:2');
    expect(error.message).toContain(words);
  });

  it('that are refused do not tell what opens them', async () => {
    for (const uri of ['ftp://me:secret@mirror.example/', 'http://me:secret@mirror.example/?x', 'http//me:secret@x/']) {
      const error = await expectCode(() => fromLines(`deb ${uri} x main`), 'APT_SOURCES_INVALID');
      expect(JSON.stringify([error.message, error.hint, error.facts])).not.toContain('secret');
    }
  });
});

describe('deb822 sources', () => {
  it('are one for each URI and suite of each stanza', () => {
    const sources = fromStanzas(
      [
        '# a comment',
        'Types: deb deb-src',
        'URIs: http://one.example/debian',
        ' http://two.example/debian/',
        'Suites: bookworm bookworm-updates',
        '# Components: none',
        'Components: main',
        ' contrib',
        '',
        'Types: deb',
        'Enabled: no',
        'URIs: http://three.example/',
        'Suites: x',
        'Components: main',
        '',
        'Types: deb-src',
        'URIs: http://four.example/',
        'Suites: x',
        'Components: main',
        '   ',
        '',
        'types: deb',
        'uris: http://five.example/',
        'suites: flat/',
        'architectures: amd64 arm64',
        'x-repolib-name: Five',
      ].join('\n'),
    );
    expect(sources.map(short)).toEqual([
      'http://one.example/debian/ bookworm main contrib @sources.list.d/x.sources:2',
      'http://one.example/debian/ bookworm-updates main contrib @sources.list.d/x.sources:2',
      'http://two.example/debian/ bookworm main contrib @sources.list.d/x.sources:2',
      'http://two.example/debian/ bookworm-updates main contrib @sources.list.d/x.sources:2',
      'http://five.example/ flat/  @sources.list.d/x.sources:22',
    ]);
    expect(sources[4]?.architectures).toEqual(['amd64', 'arm64']);
  });

  const stanza = (more: string): string =>
    `Types: deb\nURIs: http://mirror.example/\nSuites: x\nComponents: main\n${more}\n`;

  it.each<[string, Partial<AptSource>]>([
    ['Trusted: yes', { trusted: true }],
    ['Check-Valid-Until: no', { checkValidUntil: false }],
    ['Check-Date: no', { checkDate: false, checkValidUntil: false }],
    ['Valid-Until-Max: 86400', { validUntilMaxSeconds: 86_400 }],
    ['By-Hash: force', { byHash: 'force' }],
    ['Snapshot: 20260115T000000Z', { snapshot: { time: '20260115T000000Z', place: 'release' } }],
    ['Languages: en de', {}],
    ['Description: some words', {}],
  ])('understand %s', (field, expected) => {
    expect(fromStanzas(stanza(field))[0]).toMatchObject(expected);
  });

  it.each([
    ['Targets: Packages', '"target" is not supported'],
    ['Architectures-Add: arm64', '"architectures-add" is not supported'],
    ['Include: foo', '"include" is not supported'],
    ['nonsense', '"nonsense" is not "Field: value"'],
  ])('are refused by name: %s', async (field, words) => {
    const error = await expectCode(() => fromStanzas(`\n${stanza(field)}`), 'APT_SOURCES_INVALID');
    expect(error.message).toContain('/etc/apt/sources.list.d/x.sources:2');
    expect(error.message).toContain(words);
  });

  it('need a type that is known', async () => {
    await expectCode(
      () => fromStanzas('URIs: http://mirror.example/\nSuites: x\nComponents: main'),
      'APT_SOURCES_INVALID',
    );
    const error = await expectCode(() => fromStanzas('Types: deb rpm\nURIs: http://x.example/'), 'APT_SOURCES_INVALID');
    expect(error.message).toContain('"rpm"');
  });
});

describe('keys of sources', () => {
  it('are those that Signed-By names, by path, fingerprint or whole', () => {
    const trusted = { '/etc/apt/trusted.gpg.d/t.gpg': 't' };
    const [paths, chosen, both] = fromLines(
      [
        'deb [signed-by=/usr/share/keyrings/a.gpg,/etc/apt/keyrings/b.asc] http://mirror.example/ x main',
        `deb [signed-by=${FINGERPRINT.toLowerCase()}!] http://mirror.example/ x main`,
        `deb [signed-by=/usr/share/keyrings/a.gpg,${FINGERPRINT}] http://mirror.example/ x main`,
      ].join('\n'),
      trusted,
    );
    const names = (source?: AptSource) => source?.keyring.files.map(({ name }) => name);
    expect(names(paths)).toEqual(['/usr/share/keyrings/a.gpg', '/etc/apt/keyrings/b.asc']);
    expect(names(chosen)).toEqual(['/etc/apt/trusted.gpg.d/t.gpg']);
    expect(chosen?.keyring.fingerprints).toEqual([`${FINGERPRINT}!`]);
    expect(names(both)).toEqual(['/usr/share/keyrings/a.gpg']);
    expect(both?.keyring.fingerprints).toEqual([FINGERPRINT]);
  });

  it('may stand in the stanza, with a dot for an empty line', () => {
    const folded = KEY.split('\n').map((line) => ` ${line || '.'}`);
    const [source] = fromStanzas(
      `Types: deb\nURIs: http://mirror.example/\nSuites: x\nComponents: main\nSigned-By:\n${folded.join('\n')}\n`,
    );
    expect(Buffer.from(source!.keyring.files[0]!.bytes).toString().trim()).toBe(KEY);
  });

  it('are all trusted ones where nothing is named', () => {
    const [source] = fromLines('deb http://mirror.example/ x main', {
      '/etc/apt/trusted.gpg': 'old',
      '/etc/apt/trusted.gpg.d/b.asc': 'b',
      '/etc/apt/trusted.gpg.d/a.gpg': 'a',
      '/etc/apt/trusted.gpg.d/empty.gpg': '',
      '/etc/apt/trusted.gpg.d/c.gpg~': 'c',
      '/etc/apt/trusted.gpg.d/readme.txt': 'r',
    });
    expect(source?.keyring.files.map(({ name }) => name)).toEqual([
      '/etc/apt/trusted.gpg',
      '/etc/apt/trusted.gpg.d/a.gpg',
      '/etc/apt/trusted.gpg.d/b.asc',
    ]);
  });
});

describe('lists of sources', () => {
  it('are read in order, and only by names that apt takes', () => {
    const line = (host: string): string => `deb http://${host}.example/ x main\n`;
    const stanza = 'Types: deb\nURIs: http://b.example/\nSuites: x\nComponents: main\n';
    const sources = readAptSources(
      aptFiles({
        '/etc/apt/sources.list.d/c.list': line('c'),
        '/etc/apt/sources.list.d/b.sources': stanza,
        '/etc/apt/sources.list.d/A.list': line('a'),
        '/etc/apt/sources.list.d/d.list.disabled': line('d'),
        '/etc/apt/sources.list.d/e e.list': line('e'),
        '/etc/apt/sources.list': line('first'),
      }),
      'base',
    );
    expect(sources.map(({ uri }) => uri)).toEqual(['first', 'a', 'b', 'c'].map((host) => `http://${host}.example/`));
    expect(sources[0]?.where).toBe('/etc/apt/sources.list:1 of the base image');
  });

  it('that are not there are no sources', () => {
    expect(readAptSources(aptFiles({}), 'host')).toEqual([]);
  });

  it('follow the settings of apt.conf, which their own options overrule', () => {
    const config = 'Acquire { Check-Valid-Until "no"; Max-FutureTime "60"; By-Hash "no"; }; APT::Default-Release "x";';
    const [plain, own] = fromLines(
      'deb http://mirror.example/ x main\ndeb [check-valid-until=yes by-hash=yes date-max-future=5] http://mirror.example/ y main',
      { '/etc/apt/apt.conf.d/1': config },
    );
    expect(plain).toMatchObject({ checkValidUntil: false, maxFutureSeconds: 60, byHash: 'no', defaultRelease: 'x' });
    expect(own).toMatchObject({ checkValidUntil: true, maxFutureSeconds: 5, byHash: 'yes' });
  });

  it('of a base cannot mean files of this host', async () => {
    const folder = aptFiles({ '/etc/apt/sources.list': 'deb file:/srv ./' });
    expect(readAptSources(folder, 'host')).toHaveLength(1);
    const error = await expectCode(() => readAptSources(folder, 'base'), 'APT_SOURCES_INVALID');
    expect(error.message).toContain('in the base image itself');
  });

  it('are bounded', async () => {
    const error = await expectCode(() => fromLines('#'.repeat(2 << 20)), 'APT_SOURCES_INVALID');
    expect(error.message).toContain('bytes');
  });
});
