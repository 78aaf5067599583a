// The CRC-32 of two strings of bytes in a row from the CRC-32 of each, so that no byte is summed twice.
// Arithmetic in GF(2) modulo the CRC's polynomial, bit-reversed: appending n bytes multiplies by x^(8n).

const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= factor;
    if ((a & (bit - 1)) === 0) break;
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product >>> 0;
}

/** x^(2^k) for k = 0 … 31; the powers repeat from there on, since x^(2^32) = x^(2^0). */
const SQUARES: readonly number[] = (() => {
  const squares = [0x40000000];
  while (squares.length < 32) squares.push(multiply(squares.at(-1)!, squares.at(-1)!));
  return squares;
})();

/** @param second CRC-32 of the bytes that follow, `length` their number */
export function combineCrc32(first: number, second: number, length: number): number {
  let shift = ONE;
  let rest = length;
  for (let k = 3; rest > 0; k++) {
    if (rest % 2 === 1) shift = multiply(SQUARES[k & 31]!, shift);
    rest = Math.floor(rest / 2);
  }
  return (multiply(shift, first) ^ second) >>> 0;
}
