// The hash of a certificate's subject that OpenSSL looks certificates up by (X509_NAME_hash(3)), so that hash links can be made without OpenSSL.
import { createHash } from 'node:crypto';

/** Bytes of one certificate; what authorities issue has a few KiB, and post-quantum signatures stay below 64 KiB. */
const CERTIFICATE_LIMIT = 256 * 1024;
/** Attributes in one name; real ones have less than ten. */
const ATTRIBUTE_LIMIT = 256;

const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_IDENTIFIER = 0x06;
const VERSION = 0xa0;
const UTF8_STRING = 0x0c;

/** Thrown for bytes that are no X.509 certificate in DER. */
export class InvalidDer extends Error {
  override readonly name = 'InvalidDer';
}

/** One value of ASN.1 in DER (X.690, 8.1). */
interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** With tag and length. */
  readonly whole: Uint8Array;
}

/** Eight hexadecimal digits, as in the names of hash links. `der` is one certificate (RFC 5280, 4.1). Throws `InvalidDer`. */
export function hashSubject(der: Uint8Array): string {
  const digest = createHash('sha1')
    .update(canonicalName(subjectOf(der)))
    .digest();
  return digest.readUInt32LE(0).toString(16).padStart(8, '0');
}

function subjectOf(der: Uint8Array): Element {
  if (der.length > CERTIFICATE_LIMIT) throw new InvalidDer(`a certificate of more than ${CERTIFICATE_LIMIT} bytes`);
  const certificate = readElement(der, 0, SEQUENCE);
  if (certificate.whole.length !== der.length) throw new InvalidDer('bytes behind the certificate');
  const fields = readAll(readElement(certificate.content, 0, SEQUENCE).content);
  // [version], serialNumber, signature, issuer, validity, subject
  const subject = fields[fields[0]?.tag === VERSION ? 5 : 4];
  if (subject?.tag !== SEQUENCE) throw new InvalidDer('a certificate without a subject');
  return subject;
}

/** The sets one after the other, without the sequence around them: x509_name_canon in OpenSSL's crypto/x509/x_name.c. */
function canonicalName(name: Element): Buffer {
  const sets = readAll(name.content);
  let count = 0;
  const encoded = sets.map((set) => {
    if (set.tag !== SET) throw new InvalidDer('a name that is no sequence of sets');
    const attributes = readAll(set.content).map(canonicalAttribute);
    count += attributes.length;
    if (count > ATTRIBUTE_LIMIT) throw new InvalidDer(`a name with more than ${ATTRIBUTE_LIMIT} attributes`);
    // DER sorts the members of a set by their encodings (X.690, 11.6); the canonical ones may sort otherwise than the written ones.
    return encode(SET, Buffer.concat(attributes.sort((a, b) => Buffer.compare(a, b))));
  });
  return Buffer.concat(encoded);
}

function canonicalAttribute(attribute: Element): Buffer {
  const [type, value, ...more] = readAll(attribute.content);
  if (attribute.tag !== SEQUENCE || type?.tag !== OBJECT_IDENTIFIER || !value || more.length > 0) {
    throw new InvalidDer('an attribute that is no pair of type and value');
  }
  const text = decodeString(value);
  const canonical = text === undefined ? value.whole : encode(UTF8_STRING, Buffer.from(canonicalText(text)));
  return encode(SEQUENCE, Buffer.concat([type.whole, canonical]));
}

/** Undefined for types whose values are compared as they are. */
function decodeString({ tag, content }: Element): string | undefined {
  const bytes = Buffer.from(content);
  switch (tag) {
    case UTF8_STRING:
      return decodeUtf8(bytes);
    case 0x13: // PrintableString
    case 0x14: // T61String, which OpenSSL takes for ISO 8859-1
    case 0x16: // IA5String
    case 0x1a: // VisibleString
      return bytes.toString('latin1');
    case 0x1c: // UniversalString
      return decodeWide(bytes, 4);
    case 0x1e: // BMPString
      return decodeWide(bytes, 2);
    default:
      return undefined;
  }
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InvalidDer('text that is not UTF-8');
  }
}

/** Big-endian units of `width` bytes, each one character. */
function decodeWide(bytes: Buffer, width: 2 | 4): string {
  if (bytes.length % width !== 0) throw new InvalidDer('text that ends within a character');
  let text = '';
  for (let at = 0; at < bytes.length; at += width) {
    const point = bytes.readUIntBE(at, width);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) throw new InvalidDer('text with no such character');
    text += String.fromCodePoint(point);
  }
  return text;
}

/** ASCII lower case; ASCII white space at the ends cut and each run of it within one space. */
function canonicalText(text: string): string {
  return text
    .replace(/^[ \t-\r]+|[ \t-\r]+$/g, '')
    .replace(/[ \t-\r]+/g, ' ')
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function readAll(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; at += elements.at(-1)!.whole.length) elements.push(readElement(bytes, at));
  return elements;
}

/** Definite lengths of at most four bytes, and tags of one byte: DER of certificates has no others (X.690, 10.1). */
function readElement(bytes: Uint8Array, at: number, wanted?: number): Element {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new InvalidDer('bytes that end too early');
  if (wanted !== undefined && tag !== wanted) throw new InvalidDer('bytes that are no certificate');
  const more = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || more > 4 || (tag & 0x1f) === 0x1f) throw new InvalidDer('bytes that are not DER');
  let length = more === 0 ? first : 0;
  for (const byte of bytes.subarray(at + 2, at + 2 + more)) length = length * 256 + byte;
  const start = at + 2 + more;
  if (start + length > bytes.length) throw new InvalidDer('bytes that end too early');
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
}

function encode(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const digits = length.toString(16);
  const size = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 + size.length), size, content]);
}
