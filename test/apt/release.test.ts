import { describe, expect, it } from 'vitest';
import type { AptSource } from '../../src/apt/apt-source.ts';
import { readAptSources } from '../../src/apt/apt-sources.ts';
import { checkRelease, parseRelease, parseReleaseDate } from '../../src/apt/release.ts';
import { digestOf } from '../../src/core/digest.ts';
import { expectCode } from '../expect-code.ts';
import { aptFiles } from './apt-files.ts';

const HEX = 'a'.repeat(64);
const NOW = Date.UTC(2026, 0, 20, 12);
const SUM = `SHA256:\n ${HEX} 12 main/binary-amd64/Packages\n`;

const sourceOf = (options = '', suite = 'bookworm'): AptSource =>
  readAptSources(
    aptFiles({ '/etc/apt/sources.list': `deb [${options}] http://mirror.example/debian ${suite} main` }),
    'host',
  )[0]!;

const read = (text: string) => parseRelease(text, { what: 'The Release file', source: sourceOf() });

const check = (text: string, source = sourceOf(), now = NOW) => {
  const place = { what: 'The Release file', source };
  checkRelease(parseRelease(text, place), place, now);
};

describe('a Release file', () => {
  it('says what is in the suite', () => {
    const text = [
      'Origin: Debian',
      'Suite: oldstable',
      'Codename: bookworm',
      'Version: 12.15',
      'Date: Tue, 20 Jan 2026 12:00:00 UTC',
      'Valid-Until: Tue, 27 Jan 2026 12:00:00 UTC',
      'Acquire-By-Hash: yes',
      'NotAutomatic: yes',
      'ButAutomaticUpgrades: yes',
      'Architectures: all amd64',
      'Components: updates/main contrib',
      'MD5Sum:',
      ' 0ed6d4c8891eb86358b94bb35d9e4da4  1484322 contrib/Contents-all',
      'SHA256:',
      ` ${HEX.toUpperCase()}  1484322 ./Packages`,
      ` ${HEX}        0 main/binary-amd64/Packages.xz`,
      '',
    ].join('\n');
    expect(read(text)).toEqual({
      suite: 'oldstable',
      codename: 'bookworm',
      version: '12.15',
      date: NOW,
      validUntil: NOW + 7 * 86_400_000,
      components: ['main', 'contrib'],
      architectures: ['all', 'amd64'],
      hasByHash: true,
      hasArchitectureAll: true,
      notAutomatic: true,
      butAutomaticUpgrades: true,
      snapshots: undefined,
      files: new Map([
        ['Packages', { digest: `sha256:${HEX}`, size: 1_484_322 }],
        ['main/binary-amd64/Packages.xz', { digest: `sha256:${HEX}`, size: 0 }],
      ]),
      digest: digestOf(text),
    });
  });

  it.each([
    ['Architectures: all amd64', true],
    ['Architectures: amd64', false],
    ['Architectures: all amd64\nNo-Support-for-Architecture-all: Packages', false],
    ['', false],
  ])('has an index for all: %s', (field, expected) => {
    expect(read(`Suite: x\n${field === '' ? '' : `${field}\n`}${SUM}`).hasArchitectureAll).toBe(expected);
  });

  it.each([
    ['', 'not one stanza'],
    [`Suite: x\n\nSuite: y\n${SUM}`, 'not one stanza'],
    ['<html>', 'is not "Field: value"'],
    ['Suite: x\n', 'lists no sha256 sums'],
    [`Suite: x\nSHA256:\n ${HEX.slice(1)} 1 Packages\n`, 'is not "sha256 size path"'],
    [`Suite: x\nSHA256:\n ${HEX} -1 Packages\n`, 'is not "sha256 size path"'],
    [`Date: Tue, 20 Jan 2026 12:00:00 CET\n${SUM}`, 'its Date is not a date in UTC'],
    [`Date: yesterday UTC\n${SUM}`, 'its Date is not a date in UTC'],
    [`Valid-Until: never\n${SUM}`, 'its Valid-Until is not a date'],
  ])('is refused if it is none', async (text, words) => {
    const error = await expectCode(() => read(text), 'RELEASE_INVALID');
    expect(error.message).toContain(words);
  });

  it('has dates in UTC, in whatever way that is written', () => {
    for (const zone of ['UTC', 'GMT', '+0000', '-0000']) {
      expect(parseReleaseDate(`Tue, 20 Jan 2026 12:00:00 ${zone}`)).toBe(NOW);
    }
    expect(parseReleaseDate('2026-01-20T12:00:00Z')).toBe(NOW);
    expect(parseReleaseDate('Tue, 20 Jan 2026 12:00:00')).toBeUndefined();
  });
});

describe('the suite', () => {
  it.each([
    ['bookworm', 'Codename: bookworm\nSuite: oldstable'],
    ['oldstable', 'Codename: bookworm\nSuite: oldstable'],
    ['bookworm/updates', 'Codename: bookworm'],
    ['../project/experimental', 'Codename: rc-buggy\nSuite: experimental'],
    ['anything', 'Origin: nobody says'],
  ])('%s is met', (suite, fields) => {
    expect(() => check(`${fields}\n${SUM}`, sourceOf('', suite))).not.toThrow();
  });

  it.each([
    ['bookworm', 'Codename: trixie\nSuite: stable'],
    ['bookworm', 'Codename: bookworm-updates'],
    ['updates/bookworm', 'Codename: bookworm'],
  ])('%s is not met by another one', async (suite, fields) => {
    const error = await expectCode(() => check(`${fields}\n${SUM}`, sourceOf('', suite)), 'RELEASE_INVALID');
    expect(error.message).toContain(`and not for ${suite}`);
  });
});

describe('the time', () => {
  const dated = (date: number, until?: number): string =>
    `Codename: bookworm\nDate: ${new Date(date).toUTCString()}\n` +
    (until === undefined ? '' : `Valid-Until: ${new Date(until).toUTCString()}\n`) +
    SUM;
  const HOUR_MS = 3_600_000;

  it('may be ten seconds ahead of ours, or as much as is set', async () => {
    expect(() => check(dated(NOW + 10_000))).not.toThrow();
    const error = await expectCode(() => check(dated(NOW + 11_000)), 'RELEASE_INVALID');
    expect(error.message).toContain('from the future (2026-01-20T12:00:11Z)');
    expect(() => check(dated(NOW + 11_000), sourceOf('date-max-future=60'))).not.toThrow();
    expect(() => check(dated(NOW + HOUR_MS), sourceOf('check-date=no'))).not.toThrow();
  });

  it('until which it holds must not have passed', async () => {
    const old = dated(NOW - 10 * HOUR_MS, NOW - HOUR_MS);
    expect(() => check(dated(NOW - 10 * HOUR_MS, NOW))).not.toThrow();
    const error = await expectCode(() => check(old), 'RELEASE_EXPIRED');
    expect(error.message).toContain('expired on 2026-01-20T11:00:00Z');
    expect(error.hint).toContain('/etc/apt/sources.list:1');
    for (const option of ['check-valid-until=no', 'check-date=no', 'snapshot=20260120T000000Z']) {
      expect(() => check(old, sourceOf(option))).not.toThrow();
    }
  });

  it('may be shortened and lengthened by the source', async () => {
    const endless = dated(NOW - 2 * HOUR_MS);
    await expectCode(() => check(endless, sourceOf('valid-until-max=3600')), 'RELEASE_EXPIRED');
    expect(() => check(endless, sourceOf('valid-until-max=10800'))).not.toThrow();
    const long = dated(NOW - 2 * HOUR_MS, NOW + HOUR_MS);
    await expectCode(() => check(long, sourceOf('valid-until-max=3600')), 'RELEASE_EXPIRED');
    expect(() => check(long, sourceOf('valid-until-max=3600 valid-until-min=10800'))).not.toThrow();
  });
});
