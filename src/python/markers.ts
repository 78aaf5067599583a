// Environment markers (PEP 508, PEP 751): which lines of a list or lock are meant for the target. The values come from its interpreter alone.
import { ImageSpecError } from '../core/error.ts';
import type { Interpreter } from './interpreter.ts';
import { minorVersion } from './interpreter.ts';
import { normalizeName } from './package-name.ts';
import { areSpecifiers, satisfies } from './version.ts';

export interface MarkerEnvironment {
  readonly values: Readonly<Record<string, string>>;
  /** Variables that are sets of names, in lock files only. */
  readonly sets: Readonly<Record<string, ReadonlySet<string>>>;
}

/** What is asked for of a lock that is for several purposes. */
export interface Selection {
  readonly extras: readonly string[];
  readonly groups: readonly string[];
}

/** What the interpreter would say of itself. The kernel is not known before the image runs: its version is the empty string. */
export function markerEnvironment(
  interpreter: Interpreter,
  { extras, groups }: Selection = { extras: [], groups: [] },
): MarkerEnvironment {
  const { version, machine } = interpreter;
  return {
    values: {
      implementation_name: 'cpython',
      implementation_version: version,
      os_name: 'posix',
      platform_machine: machine,
      platform_python_implementation: 'CPython',
      platform_release: '',
      platform_system: 'Linux',
      platform_version: '',
      python_full_version: version,
      python_version: minorVersion(version),
      sys_platform: 'linux',
      extra: '',
    },
    sets: { extras: new Set(extras.map(normalizeName)), dependency_groups: new Set(groups.map(normalizeName)) },
  };
}

/** The same for a lock that writes `extra == "name"` (PEP 508) for each of several extras, as poetry's does. */
export function withExtras({ values, sets }: MarkerEnvironment): MarkerEnvironment {
  return { values, sets: { ...sets, extra: sets['extras']! } };
}

/** Old spellings that packaging still reads (PEP 345). */
const ALIASES: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
};

/** Compared as versions where both sides are; everything else is text. */
const VERSIONS = new Set(['python_version', 'python_full_version', 'implementation_version', 'platform_release']);

const TOKEN = /\s*(?:([()])|(===|~=|==|!=|<=|>=|<|>)|"([^"]*)"|'([^']*)'|([a-z][a-z._]*))/y;
/** Deeper brackets are not met, and would be a way to exhaust the stack. */
const DEPTH_LIMIT = 100;

/** Whether a marker holds. Throws `REQUIREMENTS_INVALID` when it is not well-formed. */
export function markerHolds(marker: string, environment: MarkerEnvironment): boolean {
  return new MarkerReader(marker, environment).readWhole();
}

interface Token {
  readonly kind: 'bracket' | 'operator' | 'text' | 'word' | 'end';
  readonly text: string;
}

type Operand = { readonly variable: string } | { readonly literal: string };

/** Evaluates while it reads. */
class MarkerReader {
  readonly #marker: string;
  readonly #environment: MarkerEnvironment;
  #position = 0;
  #next: Token;

  constructor(marker: string, environment: MarkerEnvironment) {
    this.#marker = marker;
    this.#environment = environment;
    this.#next = this.#scan();
  }

  readWhole(): boolean {
    const holds = this.#readOr(0);
    if (this.#next.kind !== 'end') throw this.#invalid();
    return holds;
  }

  #readOr(depth: number): boolean {
    let holds = this.#readAnd(depth);
    while (this.#takes('or')) holds = this.#readAnd(depth) || holds;
    return holds;
  }

  #readAnd(depth: number): boolean {
    let holds = this.#readAtom(depth);
    while (this.#takes('and')) holds = this.#readAtom(depth) && holds;
    return holds;
  }

  #readAtom(depth: number): boolean {
    if (depth > DEPTH_LIMIT) throw this.#invalid();
    if (!this.#takes('(')) return this.#readComparison();
    const holds = this.#readOr(depth + 1);
    if (!this.#takes(')')) throw this.#invalid();
    return holds;
  }

  #readComparison(): boolean {
    const left = this.#readOperand();
    const operator = this.#readOperator();
    const right = this.#readOperand();
    const extra = [left, right].find((side) => 'variable' in side && side.variable === 'extra');
    const chosen = this.#environment.sets['extra'];
    if (extra && chosen) {
      if (operator !== '==' && operator !== '!=') throw this.#invalid();
      return chosen.has(normalizeName(this.#valueOf(extra === left ? right : left))) === (operator === '==');
    }
    const set = 'variable' in right ? this.#environment.sets[right.variable] : undefined;
    if (set && 'literal' in left) {
      if (operator !== 'in' && operator !== 'not in') throw this.#invalid();
      return set.has(normalizeName(left.literal)) === (operator === 'in');
    }
    const isVersion = [left, right].some((side) => 'variable' in side && VERSIONS.has(side.variable));
    return compareValues(this.#valueOf(left), operator, this.#valueOf(right), isVersion) ?? this.#fail();
  }

  #readOperand(): Operand {
    const { kind, text } = this.#take();
    if (kind === 'text') return { literal: text };
    const variable = ALIASES[text] ?? text;
    const { values, sets } = this.#environment;
    if (kind !== 'word' || !(Object.hasOwn(values, variable) || Object.hasOwn(sets, variable))) throw this.#invalid();
    return { variable };
  }

  #valueOf(operand: Operand): string {
    if ('literal' in operand) return operand.literal;
    return this.#environment.values[operand.variable] ?? this.#fail();
  }

  #readOperator(): string {
    const { kind, text } = this.#take();
    if (kind === 'operator' || text === 'in') return text;
    if (kind === 'word' && text === 'not' && this.#takes('in')) return 'not in';
    return this.#fail();
  }

  #takes(text: string): boolean {
    if (this.#next.text !== text || this.#next.kind === 'text') return false;
    this.#take();
    return true;
  }

  #take(): Token {
    const token = this.#next;
    this.#next = this.#scan();
    return token;
  }

  #scan(): Token {
    if (this.#marker.slice(this.#position).trim() === '') return { kind: 'end', text: '' };
    TOKEN.lastIndex = this.#position;
    const found = TOKEN.exec(this.#marker);
    if (!found) throw this.#invalid();
    this.#position = TOKEN.lastIndex;
    const [, bracket, operator, double, single, word = ''] = found;
    if (bracket !== undefined) return { kind: 'bracket', text: bracket };
    if (operator !== undefined) return { kind: 'operator', text: operator };
    const text = double ?? single;
    return text === undefined ? { kind: 'word', text: word } : { kind: 'text', text };
  }

  #fail(): never {
    throw this.#invalid();
  }

  #invalid(): ImageSpecError {
    return new ImageSpecError('REQUIREMENTS_INVALID', `"${this.#marker.slice(0, 200)}" is not an environment marker`, {
      hint: 'A marker compares variables with texts, for example: python_version >= "3.10" and platform_machine == "x86_64".',
    });
  }
}

/** The result, or undefined where the operator makes no sense (PEP 508, "Environment Markers"). */
function compareValues(left: string, operator: string, right: string, isVersion: boolean): boolean | undefined {
  if (operator === 'in') return right.includes(left);
  if (operator === 'not in') return !right.includes(left);
  const specifier = `${operator}${right}`;
  if (isVersion && !right.includes(',') && areSpecifiers(specifier)) return satisfies(left, specifier);
  switch (operator) {
    case '==':
    case '<=':
    case '>=':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
    case '>':
      return false;
    default:
      return undefined;
  }
}
