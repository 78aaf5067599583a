// Arithmetic expansion (POSIX XCU 2.6.4): signed 64-bit integers with C's operators, without those that dash lacks.
import { NotInterpretable } from './program.ts';

interface Scope {
  readonly get: (name: string) => string;
  readonly set: (name: string, value: string) => void;
}

/** What dash says about an expression that it cannot compute. */
export class ArithmeticError extends Error {
  override readonly name = 'ArithmeticError';
}

const TOKEN =
  /\s*(0[xX][0-9A-Fa-f]+|[0-9]+|[A-Za-z_][A-Za-z0-9_]*|<<=|>>=|\+\+|--|\*\*|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>=!~&|^?:(),])|\s*(\S)/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [, token, other] = match;
    if (other !== undefined || token === ',' || token === '++' || token === '--' || token === '**') {
      throw new NotInterpretable(`${other ?? token} in the arithmetic expression ${text}`);
    }
    tokens.push(token!);
  }
  return tokens;
}

const BINARY: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Throws `ArithmeticError` as dash would end the script, `NotInterpretable` for operators of other shells. */
export function evaluateArithmetic(text: string, scope: Scope): string {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return '0';
  const parser = new ArithmeticParser(tokens, text, scope);
  return parser.run().toString();
}

class ArithmeticParser {
  readonly #tokens: readonly string[];
  readonly #text: string;
  readonly #scope: Scope;
  #at = 0;

  constructor(tokens: readonly string[], text: string, scope: Scope) {
    this.#tokens = tokens;
    this.#text = text;
    this.#scope = scope;
  }

  run(): bigint {
    const value = this.#assignment(true);
    if (this.#at < this.#tokens.length) throw this.#wrong('expecting EOF');
    return value;
  }

  /** `isLive`: false in the branch that is not taken, where nothing is assigned or divided. */
  #assignment(isLive: boolean): bigint {
    const name = this.#tokens[this.#at]!;
    const operator = this.#tokens[this.#at + 1];
    const isAssignment = operator !== undefined && /^(?:<<|>>|[-+*/%&|^])?=$/.test(operator);
    if (!isAssignment || !/^[A-Za-z_]/.test(name)) return this.#conditional(isLive);
    this.#at += 2;
    const right = this.#assignment(isLive);
    if (!isLive) return right;
    const value = operator === '=' ? right : this.#apply(operator.slice(0, -1), this.#variable(name), right);
    this.#scope.set(name, value.toString());
    return value;
  }

  #conditional(isLive: boolean): bigint {
    const test = this.#binary(0, isLive);
    if (this.#tokens[this.#at] !== '?') return test;
    this.#at++;
    const yes = this.#assignment(isLive && test !== 0n);
    if (this.#tokens[this.#at++] !== ':') throw this.#wrong("expecting ':'");
    const no = this.#conditional(isLive && test === 0n);
    return test === 0n ? no : yes;
  }

  #binary(level: number, isLive: boolean): bigint {
    const operators = BINARY[level];
    if (!operators) return this.#unary(isLive);
    let left = this.#binary(level + 1, isLive);
    for (let operator = this.#tokens[this.#at]; operator !== undefined && operators.includes(operator);) {
      this.#at++;
      const isDecided = (operator === '||' && left !== 0n) || (operator === '&&' && left === 0n);
      const right = this.#binary(level + 1, isLive && !isDecided);
      left = isLive ? this.#apply(operator, left, right) : 0n;
      operator = this.#tokens[this.#at];
    }
    return left;
  }

  #unary(isLive: boolean): bigint {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.#wrong('expecting primary');
    if (token === '-') return BigInt.asIntN(64, -this.#unary(isLive));
    if (token === '+') return this.#unary(isLive);
    if (token === '!') return this.#unary(isLive) === 0n ? 1n : 0n;
    if (token === '~') return ~this.#unary(isLive);
    if (token === '(') {
      const value = this.#assignment(isLive);
      if (this.#tokens[this.#at++] !== ')') throw this.#wrong("expecting ')'");
      return value;
    }
    if (/^[A-Za-z_]/.test(token)) return this.#variable(token);
    if (/^[0-9]/.test(token)) return this.#number(token);
    throw this.#wrong('expecting primary');
  }

  #variable(name: string): bigint {
    const text = this.#scope.get(name).trim();
    const [, sign = '', digits] = /^([-+]?)(0[xX][0-9A-Fa-f]+|[0-9]+)$/.exec(text) ?? [];
    if (digits === undefined && text !== '') throw new ArithmeticError(`Illegal number: ${text}`);
    const value = digits === undefined ? 0n : this.#number(digits);
    return sign === '-' ? -value : value;
  }

  #number(token: string): bigint {
    if (!/^0[0-9]/.test(token)) return BigInt.asIntN(64, BigInt(token));
    if (/[89]/.test(token)) throw this.#wrong('expecting EOF');
    return BigInt.asIntN(64, BigInt(`0o${token.slice(1)}`));
  }

  #apply(operator: string, left: bigint, right: bigint): bigint {
    if ((operator === '/' || operator === '%') && right === 0n) throw this.#wrong('division by zero');
    return BigInt.asIntN(64, OPERATIONS[operator]!(left, right));
  }

  #wrong(what: string): ArithmeticError {
    return new ArithmeticError(`arithmetic expression: ${what}: "${this.#text}"`);
  }
}

const truth = (is: boolean): bigint => (is ? 1n : 0n);
const OPERATIONS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  '||': (a, b) => truth(a !== 0n || b !== 0n),
  '&&': (a, b) => truth(a !== 0n && b !== 0n),
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '&': (a, b) => a & b,
  '==': (a, b) => truth(a === b),
  '!=': (a, b) => truth(a !== b),
  '<': (a, b) => truth(a < b),
  '<=': (a, b) => truth(a <= b),
  '>': (a, b) => truth(a > b),
  '>=': (a, b) => truth(a >= b),
  // Shifts take the lowest six bits of their count, as machines do.
  '<<': (a, b) => a << (b & 63n),
  '>>': (a, b) => a >> (b & 63n),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};
