import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SpecSource } from '../../src/apt/spec-sources.ts';
import { readSpecSources } from '../../src/apt/spec-sources.ts';
import { expectCode } from '../expect-code.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { aptFiles } from './apt-files.ts';

const ARMORED = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${AAAA}\n-----END PGP PUBLIC KEY BLOCK-----\n';
const TRUSTED = { '/etc/apt/trusted.gpg.d/t.gpg': 'trusted' };
const ARCHIVE = { '/usr/share/keyrings/debian-archive-keyring.gpg': 'archive' };

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, 'keys'));
  await writeFile(join(folder, 'keys', 'own.asc'), 'own');
});

const read = (
  entries: readonly (string | SpecSource)[],
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = TRUSTED,
) => readSpecSources(entries, { env, fallback: aptFiles(files), pathOf: (file) => join(folder, file) });

const FIELDS: SpecSource = { uris: ['https://one.example/'], suites: ['a', 'b'], components: ['main'] };

describe('apt_sources', () => {
  it('are lines or mappings, in their order', () => {
    const sources = read([
      'deb [arch=amd64] https://mirror.example/debian bookworm main contrib',
      { ...FIELDS, uris: ['https://one.example/', 'https://two.example/x'] },
      { uris: ['https://flat.example/'], suites: ['./'] },
    ]);
    expect(sources.map(({ uri, suite, where }) => `${uri} ${suite} ${where}`)).toEqual([
      'https://mirror.example/debian/ bookworm apt_sources[0]',
      'https://one.example/ a apt_sources[1]',
      'https://one.example/ b apt_sources[1]',
      'https://two.example/x/ a apt_sources[1]',
      'https://two.example/x/ b apt_sources[1]',
      'https://flat.example/ ./ apt_sources[2]',
    ]);
  });

  it('hold variables, whose values are for the server alone', async () => {
    const env = { HOST: 'mirror.example', TOKEN: 's3cret', SUITE: 'x' };
    const [line, fields] = read(
      ['deb https://me:${TOKEN}@${HOST}/ ${SUITE} main', { ...FIELDS, uris: ['https://me:${TOKEN}@${HOST}/'] }],
      env,
    );
    expect(line).toMatchObject({ uri: 'https://mirror.example/', suite: 'x' });
    const headers = { authorization: `Basic ${Buffer.from('me:s3cret').toString('base64')}` };
    expect(line?.headersFor(new URL('https://mirror.example/y'))).toEqual(headers);
    expect(fields?.headersFor(new URL('https://mirror.example/y'))).toEqual(headers);
    expect(JSON.stringify([line, fields])).not.toContain('s3cret');
    const error = await expectCode(() => read(['', 'deb https://${NOWHERE}/ x main'].slice(1)), 'APT_SOURCES_INVALID');
    expect(error.message).toContain('apt_sources[0]');
    expect(error.message).toContain('NOWHERE is not set');
  });

  it('name a keyring beside the spec, or hold the key itself', () => {
    const [line, fields, inline] = read([
      'deb [signed-by=keys/own.asc] https://mirror.example/ x main',
      { ...FIELDS, suites: ['a'], signed_by: 'keys/own.asc' },
      { ...FIELDS, suites: ['a'], signed_by: ARMORED },
    ]);
    const contents = (source?: { keyring: { files: readonly { bytes: Uint8Array }[] } }) =>
      source?.keyring.files.map(({ bytes }) => Buffer.from(bytes).toString());
    expect(contents(line)).toEqual(['own']);
    expect(contents(fields)).toEqual(['own']);
    expect(contents(inline)).toEqual([ARMORED]);
  });

  it('are checked with the keys of base or host if they name none, and else with those of Debian', () => {
    const names = (files: Readonly<Record<string, string>>) =>
      read([FIELDS], {}, files)[0]?.keyring.files.map(({ name }) => name);
    expect(names({ ...TRUSTED, ...ARCHIVE })).toEqual(Object.keys(TRUSTED));
    expect(names(ARCHIVE)).toEqual(Object.keys(ARCHIVE));
    expect(names({})).toEqual([]);
  });

  it('may be snapshots, and be trusted', () => {
    const time = '20260115T000000Z';
    expect(read([{ ...FIELDS, snapshot: time, trusted: true }])[0]).toMatchObject({
      snapshot: { time, place: 'release' },
      trusted: true,
    });
    const uris = ['https://old.example/{snapshot}/debian'];
    expect(read([{ ...FIELDS, uris, snapshot: time, trusted: false }])[0]).toMatchObject({
      uri: `https://old.example/${time}/debian/`,
      snapshot: { time, place: 'uri' },
      trusted: false,
    });
  });

  it.each<[string | SpecSource, string]>([
    ['deb-src https://mirror.example/ x main', 'it is not one line'],
    ['# deb https://mirror.example/ x main', 'it is not one line'],
    ['deb https://a.example/ x main\ndeb https://b.example/ x main', 'it is not one line'],
    ['https://mirror.example/', 'it is not "deb'],
    [{ ...FIELDS, components: [] }, 'names no component of a'],
    [{ ...FIELDS, suites: [] }, 'names no suite'],
    [{ ...FIELDS, uris: [] }, 'names no URI'],
    [{ ...FIELDS, uris: ['https://old.example/{snapshot}'] }, 'place for a snapshot'],
    [{ ...FIELDS, snapshot: '2026' }, 'snapshot "2026"'],
    [{ ...FIELDS, signed_by: 'keys/none.asc' }, 'keys/none.asc'],
  ])('that cannot be used are refused', async (entry, words) => {
    const error = await expectCode(() => read([entry]), 'APT_SOURCES_INVALID');
    expect(error.message).toContain(words);
  });
});
