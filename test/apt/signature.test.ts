import { beforeAll, describe, expect, it } from 'vitest';
import type { Keyring } from '../../src/apt/keyring.ts';
import type { SignatureOptions } from '../../src/apt/signature.ts';
import { openClearSigned, openDetached } from '../../src/apt/signature.ts';
import { expectCode } from '../expect-code.ts';
import type { ArchiveKey } from './fake-mirror.ts';
import { ARCHIVE_DATE, makeArchiveKey, signClear, signDetached } from './fake-mirror.ts';

const DAY_MS = 86_400_000;
const TEXT = 'Suite: stable\n- dashed line\n-----not a mark\nSHA256:\n abc';

let key: ArchiveKey;
let other: ArchiveKey;
/** Expires ten days after the archive's date. */
let brief: ArchiveKey;

beforeAll(async () => {
  [key, other, brief] = await Promise.all([makeArchiveKey(), makeArchiveKey(), makeArchiveKey(29)]);
});

const ring = (...keys: readonly ArchiveKey[]): Keyring => ({
  files: keys.map((one, i) => ({ name: `/keys/${i}.asc`, bytes: Buffer.from(one.public) })),
  fingerprints: [],
});

const options = (keyring: Keyring, at = ARCHIVE_DATE): SignatureOptions => ({
  keyring,
  what: 'The InRelease file of stable',
  where: 'sources.list:1',
  judgedAt: () => [at],
});

const open = (document: string, keyring: Keyring, at?: number) =>
  openClearSigned(Buffer.from(document), options(keyring, at));

describe('a clear-signed document', () => {
  it('is its signed text, without dashes that were put before lines', async () => {
    expect(await open(await signClear(TEXT, [key]), ring(key))).toBe(TEXT);
    expect(await open(await signClear(TEXT, [key]), ring(other, key))).toBe(TEXT);
  });

  it('may come with other line ends and white space at the ends of lines: neither is signed', async () => {
    const signed = await signClear(TEXT, [key]);
    expect(await open(signed.replace('Suite: stable', 'Suite: stable  '), ring(key))).toBe(TEXT);
    expect(await open(signed.replaceAll('\n', '\r\n'), ring(key))).toBe(TEXT);
  });

  it('is refused when its text was changed', async () => {
    const changed = (await signClear(TEXT, [key])).replace('Suite: stable', 'Suite: stadle');
    const error = await expectCode(() => open(changed, ring(key)), 'SIGNATURE_INVALID');
    expect(error.message).toContain(`by key ${key.id} is bad`);
  });

  it('is refused when a known key’s signature is bad, though another is good', async () => {
    const good = await signClear(TEXT, [key]);
    const elsewhere = await signDetached('something else', [other]);
    const mixed = await withSignatures(good, [elsewhere]);
    expect(await open(mixed, ring(key))).toBe(TEXT);
    const error = await expectCode(() => open(mixed, ring(key, other)), 'SIGNATURE_INVALID');
    expect(error.message).toContain(`by key ${other.id} is bad`);
  });

  it('is refused by name when no key of the keyring signed it', async () => {
    const signed = await signClear(TEXT, [key]);
    const error = await expectCode(() => open(signed, ring(other)), 'SIGNATURE_INVALID');
    expect(error.message).toBe(
      `The InRelease file of stable cannot be trusted: it is signed by an unknown key (${key.id})`,
    );
    expect(error.hint).toContain('/keys/0.asc');
    expect(error.hint).toContain('Signed-By at sources.list:1');
  });

  it('needs one good signature of several', async () => {
    const signed = await signClear(TEXT, [other, key]);
    expect(await open(signed, ring(key))).toBe(TEXT);
    expect(await open(signed, ring(other))).toBe(TEXT);
    const third = await makeArchiveKey();
    const error = await expectCode(() => open(signed, ring(third)), 'SIGNATURE_INVALID');
    expect(error.message).toContain(other.id);
    expect(error.message).toContain(key.id);
  });

  it('by an expired key does not count, as in apt, unless another signature does', async () => {
    const signed = await signClear(TEXT, [brief]);
    const later = ARCHIVE_DATE + 20 * DAY_MS;
    expect(await open(signed, ring(brief), ARCHIVE_DATE + DAY_MS)).toBe(TEXT);
    const error = await expectCode(() => open(signed, ring(brief), later), 'SIGNATURE_INVALID');
    expect(error.message).toContain(`by key ${brief.id} does not count`);
    expect(error.message).toContain('expired');
    expect(await open(await signClear(TEXT, [brief, key]), ring(brief, key), later)).toBe(TEXT);
  });

  it('is judged at the time that its own text may name', async () => {
    const signed = await signClear(TEXT, [brief]);
    const seen: string[] = [];
    const judgedAt = (payload: string): number[] => {
      seen.push(payload);
      return [ARCHIVE_DATE, ARCHIVE_DATE + 20 * DAY_MS];
    };
    expect(await openClearSigned(Buffer.from(signed), { ...options(ring(brief)), judgedAt })).toBe(TEXT);
    expect(seen).toEqual([TEXT]);
  });

  it('may be a little ahead of the clock, and older than the renewal of its key', async () => {
    expect(await open(await signClear(TEXT, [key]), ring(key), ARCHIVE_DATE - 5000)).toBe(TEXT);
    const { readKey, reformatKey } = await import('openpgp');
    const renewed = await reformatKey({
      privateKey: brief.secret,
      userIDs: [{ name: 'Archive' }],
      date: new Date(ARCHIVE_DATE + 10 * DAY_MS),
      format: 'armored',
    });
    const keyring: Keyring = { files: [{ name: 'r', bytes: Buffer.from(renewed.publicKey) }], fingerprints: [] };
    expect((await readKey({ armoredKey: renewed.publicKey })).getFingerprint().toUpperCase()).toBe(brief.fingerprint);
    expect(await open(await signClear(TEXT, [brief]), keyring, ARCHIVE_DATE + 11 * DAY_MS)).toBe(TEXT);
  });

  it.each<[string, (signed: string) => string]>([
    ['before', (signed) => `Suite: evil\n${signed}`],
    ['before, as an empty line', (signed) => `\n${signed}`],
    ['behind', (signed) => `${signed}\nSuite: evil\n`],
    ['twice', (signed) => signed + signed],
    [
      'in a second message',
      (signed) => signed.replace('-----BEGIN PGP SIGNATURE', '-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n$&'),
    ],
  ])('holds nothing else: text %s is refused', async (_name, change) => {
    const error = await expectCode(
      async () => open(change(await signClear(TEXT, [key])), ring(key)),
      'SIGNATURE_INVALID',
    );
    expect(error.message).toContain('there is text before, after or between');
  });

  it('without its signature has none', async () => {
    await expectCode(() => open('-----BEGIN PGP SIGNED MESSAGE-----\n\nSuite: x\n', ring(key)), 'SIGNATURE_MISSING');
    await expectCode(() => open('Suite: x\n', ring(key)), 'SIGNATURE_MISSING');
  });

  it('with a signature that is none is refused', async () => {
    const signed = await signClear(TEXT, [key]);
    const nonsense = signed.replace(/(BEGIN PGP SIGNATURE-----\n)[^]*(\n-----END)/, '$1\nAAAA$2');
    const error = await expectCode(() => open(nonsense, ring(key)), 'SIGNATURE_INVALID');
    expect(error.message).toContain('cannot be');
  });

  it('cannot smuggle fields in as headers of the armor', async () => {
    const signed = await signClear(TEXT, [key]);
    await expectCode(() => open(signed.replace('\n\n', '\nSuite: evil\n\n'), ring(key)), 'SIGNATURE_INVALID');
  });
});

/** The document with further signatures in its block: packets that follow one another. */
async function withSignatures(signed: string, more: readonly string[]): Promise<string> {
  const { armor, enums, readSignature } = await import('openpgp');
  const [block = ''] = /-----BEGIN PGP SIGNATURE-----[^]*/.exec(signed) ?? [];
  const all = await Promise.all([block, ...more].map((armoredSignature) => readSignature({ armoredSignature })));
  const packets = Buffer.concat(all.map((one) => one.write()));
  return signed.replace(block, armor(enums.armor.signature, Uint8Array.from(packets)));
}

describe('fingerprints', () => {
  const chosen = (keyring: Keyring, ...fingerprints: readonly string[]): Keyring => ({ ...keyring, fingerprints });

  it('choose keys of the keyrings', async () => {
    const signed = await signClear(TEXT, [key]);
    expect(await open(signed, chosen(ring(key, other), key.fingerprint))).toBe(TEXT);
    expect(await open(signed, chosen(ring(key, other), other.fingerprint, `${key.fingerprint}!`))).toBe(TEXT);
    const error = await expectCode(
      () => open(signed, chosen(ring(key, other), other.fingerprint)),
      'SIGNATURE_INVALID',
    );
    expect(error.message).toContain('Signed-By names other keys');
  });
});

describe('a detached signature', () => {
  const check = async (text: string, signature: Uint8Array, keyring: Keyring) =>
    openDetached(Buffer.from(text), signature, options(keyring));

  it('is checked against the whole text', async () => {
    const signature = Buffer.from(await signDetached(TEXT, [key, other]));
    expect(await check(TEXT, signature, ring(key))).toBe(TEXT);
    await expectCode(() => check(`${TEXT} `, signature, ring(key)), 'SIGNATURE_INVALID');
    await expectCode(async () => check(TEXT, signature, ring(await makeArchiveKey())), 'SIGNATURE_INVALID');
  });

  it('may be binary, and several armored ones may stand in a row', async () => {
    const { readSignature } = await import('openpgp');
    const armored = await signDetached(TEXT, [key]);
    const binary = (await readSignature({ armoredSignature: armored })).write();
    expect(await check(TEXT, binary, ring(key))).toBe(TEXT);
    const both = Buffer.from((await signDetached(TEXT, [other])) + armored);
    expect(await check(TEXT, both, ring(key))).toBe(TEXT);
  });

  it('that is none is refused', async () => {
    await expectCode(() => check(TEXT, Buffer.from('<html>'), ring(key)), 'SIGNATURE_INVALID');
  });
});

describe('keyrings', () => {
  it('are binary or armored, with any number of keys and blocks', async () => {
    const { readKeys } = await import('openpgp');
    const signed = await signClear(TEXT, [key]);
    const [read] = await readKeys({ armoredKeys: key.public });
    const [readOther] = await readKeys({ armoredKeys: other.public });
    const binary = Buffer.concat([readOther!.write(), read!.write()]);
    expect(await open(signed, { files: [{ name: 'a.gpg', bytes: binary }], fingerprints: [] })).toBe(TEXT);
    const blocks = Buffer.from(`${other.public}\n${key.public}`);
    expect(await open(signed, { files: [{ name: 'a.asc', bytes: blocks }], fingerprints: [] })).toBe(TEXT);
  });

  it('that are none are refused with their name', async () => {
    const signed = await signClear(TEXT, [key]);
    for (const text of [
      '<html>',
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----',
      'KBXf',
    ]) {
      const keyring = { files: [{ name: '/keys/x.gpg', bytes: Buffer.from(text) }], fingerprints: [] };
      const error = await expectCode(() => open(signed, keyring), 'APT_SOURCES_INVALID');
      expect(error.message).toContain('/keys/x.gpg');
    }
  });
});
