// Whether a Release file is signed by a key of its source's keyring: judged as apt judges what gpgv tells it (apt-secure(8)).
import type { PublicKey, Signature, VerifyMessageResult } from 'openpgp';
import { ImageSpecError, messageOf } from '../core/error.ts';
import type { Keyring } from './keyring.ts';
import { readKeys } from './keyring.ts';

export interface SignatureOptions {
  readonly keyring: Keyring;
  /** `InRelease of bookworm at http://…`, for messages. */
  readonly what: string;
  /** Where the source stands, for hints. */
  readonly where: string;
  /** Moments (milliseconds) at one of which keys and signatures must not have expired, by what was signed. */
  readonly judgedAt: (payload: string) => readonly number[];
}

type VerificationResult = VerifyMessageResult['signatures'][number];

interface Verdict {
  readonly keyId: string;
  /** `unfit`: made by a known key, but expired, revoked, weak or not among the fingerprints that are allowed. */
  readonly is: 'good' | 'unknown' | 'bad' | 'unfit';
  readonly reason?: string | undefined;
}

/** The lines that bound the parts of a clear-signed document (RFC 9580, 7). */
const SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';
const END = '-----END PGP SIGNATURE-----';
const SIGNATURE_BLOCKS = /-----BEGIN PGP SIGNATURE-----[^]*?-----END PGP SIGNATURE-----/g;

/**
 * The library would judge times by its own clock, and refuse what was signed before its key was renewed, as keys of archives are: gpgv does
 * neither. Times are judged here.
 */
const JUDGED_HERE = { date: null, config: { allowInsecureVerificationWithReformattedKeys: true } } as const;

export function isClearSigned(document: Uint8Array): boolean {
  return Buffer.from(document.subarray(0, SIGNED.length)).toString('latin1') === SIGNED;
}

/**
 * The signed text of a clear-signed document, without anything else. Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, and
 * `APT_SOURCES_INVALID` for a keyring that is none.
 */
export async function openClearSigned(document: Uint8Array, options: SignatureOptions): Promise<string> {
  const { what } = options;
  const text = new TextDecoder().decode(document);
  checkBounds(text, what);
  const { readCleartextMessage, verify } = await import('openpgp');
  const keys = await readKeys(options.keyring);
  const message = await understood(what, () => readCleartextMessage({ cleartextMessage: text }));
  const { data, signatures } = await understood(what, () =>
    verify({ message, verificationKeys: keys, ...JUDGED_HERE }),
  );
  await judge(signatures, keys, data, options);
  return data;
}

/** Checks a detached signature, binary or armored, and gives the text. Throws as `openClearSigned`. */
export async function openDetached(
  document: Uint8Array,
  signature: Uint8Array,
  options: SignatureOptions,
): Promise<string> {
  const { what } = options;
  const { createMessage, verify } = await import('openpgp');
  const keys = await readKeys(options.keyring);
  const results: VerificationResult[] = [];
  for (const one of await understood(what, () => readSignatures(signature))) {
    const message = await createMessage({ binary: Uint8Array.from(document) });
    const { signatures } = await understood(what, () =>
      verify({ message, signature: one, verificationKeys: keys, format: 'binary', ...JUDGED_HERE }),
    );
    results.push(...signatures);
  }
  const text = new TextDecoder().decode(document);
  await judge(results, keys, text, options);
  return text;
}

async function readSignatures(bytes: Uint8Array): Promise<Signature[]> {
  const { readSignature } = await import('openpgp');
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.includes(SIGNATURE)) return [await readSignature({ binarySignature: Uint8Array.from(bytes) })];
  const blocks = [...text.matchAll(SIGNATURE_BLOCKS)];
  return Promise.all(blocks.map(([block]) => readSignature({ armoredSignature: block })));
}

/** What a document holds besides its one signed text would be read by somebody and verified by nobody. */
function checkBounds(text: string, what: string): void {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const bounds = lines.flatMap((line, index) => (/^-----(?:BEGIN|END) /.test(line) ? [{ line, index }] : []));
  if (!bounds.some(({ line }) => line === SIGNATURE)) throw missingSignature(what);
  const [first, , last] = bounds;
  const isWhole =
    first?.index === 0 &&
    bounds.map(({ line }) => line).join('\n') === [SIGNED, SIGNATURE, END].join('\n') &&
    lines.slice((last?.index ?? 0) + 1).every((line) => line === '');
  if (!isWhole) throw invalid(what, 'there is text before, after or between what is signed');
}

async function understood<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw invalid(what, `its signature cannot be understood (${messageOf(cause)})`, { cause });
  }
}

async function judge(
  results: readonly VerificationResult[],
  keys: readonly PublicKey[],
  payload: string,
  options: SignatureOptions,
): Promise<void> {
  const { what, where, keyring } = options;
  if (results.length === 0) throw missingSignature(what);
  const times = options.judgedAt(payload).map((time) => new Date(time));
  const verdicts = await Promise.all(results.map((result) => verdictOn(result, keys, keyring, times)));
  const bad = verdicts.find(({ is }) => is === 'bad');
  if (bad) throw invalid(what, `its signature by key ${bad.keyId} is bad (${bad.reason})`);
  if (verdicts.some(({ is }) => is === 'good')) return;
  const unfit = verdicts.find(({ is }) => is === 'unfit');
  if (unfit) throw invalid(what, `its signature by key ${unfit.keyId} does not count: ${unfit.reason}`);
  const ids = verdicts.map(({ keyId }) => keyId).join(', ');
  const files = keyring.files.map(({ name }) => name).join(', ');
  throw invalid(what, `it is signed by an unknown key (${ids})`, {
    hint: `${files === '' ? 'No keyring is known for it' : `Keyrings looked at: ${files}`}. Name the one with this key by Signed-By at ${where}.`,
  });
}

async function verdictOn(
  result: VerificationResult,
  keys: readonly PublicKey[],
  { fingerprints }: Keyring,
  times: readonly Date[],
): Promise<Verdict> {
  const keyId = result.keyID.toHex().toUpperCase();
  const key = keys.find((candidate) => candidate.getKeys(result.keyID).length > 0);
  if (!key) return { keyId, is: 'unknown' };
  try {
    await result.verified;
  } catch (error) {
    return { keyId, ...failed(messageOf(error)) };
  }
  const reasons = await Promise.all(times.map((at) => whyUnfit(result, key, at)));
  if (reasons.every((reason) => reason !== undefined)) return { keyId, is: 'unfit', reason: reasons[0] };
  const signer = key.getKeys(result.keyID)[0]?.getFingerprint().toUpperCase();
  const isAllowed = fingerprints.length === 0 || isNamed(fingerprints, signer, key.getFingerprint().toUpperCase());
  return isAllowed ? { keyId, is: 'good' } : { keyId, is: 'unfit', reason: 'Signed-By names other keys' };
}

/** Why a signature does not count at a time; a clock that is a little behind the signer's is no reason. */
async function whyUnfit(
  { signature, keyID }: VerificationResult,
  key: PublicKey,
  at: Date,
): Promise<string | undefined> {
  const [packet] = (await signature).packets;
  if (packet && at >= packet.getExpirationTime()) return 'the signature has expired';
  try {
    await key.getSigningKey(keyID, at);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function isNamed(fingerprints: readonly string[], signer: string | undefined, primary: string): boolean {
  return fingerprints.some((name) =>
    name.endsWith('!') ? name.slice(0, -1) === signer : name === signer || name === primary,
  );
}

/** What openpgp says of a signature that fits its text, but is too weak or by a key that might not sign. All else means that it does not fit. */
const UNFIT = /expired|revoked|insecure|could not (?:find valid|verify)|newer than|shorter than|not allowed|critical/i;

function failed(reason: string): Pick<Verdict, 'is' | 'reason'> {
  return { is: UNFIT.test(reason) ? 'unfit' : 'bad', reason };
}

export function missingSignature(what: string): ImageSpecError {
  return new ImageSpecError('SIGNATURE_MISSING', `${what} is not signed`, {
    hint: 'Only if the archive is yours and the way to it is safe, take it on your own word with "trusted=yes" (Trusted: yes).',
  });
}

function invalid(what: string, why: string, details: { hint?: string; cause?: unknown } = {}): ImageSpecError {
  return new ImageSpecError('SIGNATURE_INVALID', `${what} cannot be trusted: ${why}`, {
    hint: 'Somebody in between may have changed it, or the keyring is out of date: try again, or renew the keyring.',
    ...details,
  });
}
