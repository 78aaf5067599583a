// The grammar: a bash parser reads the script, and whatever dash would read otherwise, or not at all, is refused before anything runs.
import type { ParameterExpansionPart, ParsedScript, Redirection, SyntaxNode } from 'unbash';
import { forEachChild, parse } from 'unbash';
import { NotInterpretable } from './program.ts';

/** Throws `NotInterpretable` for what does not parse, and for anything that dash does not have, whose meaning in bash is not carried out either. */
export function parseScript(text: string, isBash = false): ParsedScript {
  const script = parse(text);
  guard(script, text, isBash ? 'bash' : 'sh');
  return script;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Constructs of bash, by node. */
const FOREIGN: Readonly<Record<string, string>> = {
  AnsiCQuoted: "$'…'",
  LocaleString: '$"…"',
  ProcessSubstitution: 'process substitution',
  ExtendedGlob: 'an extended pattern',
  ArrayValue: 'an array',
  HereString: '<<<',
  FileDescriptorVariable: '{name}>',
  Time: 'time',
  Coproc: 'coproc',
  Select: 'select',
  ArithmeticFor: 'for ((…))',
  ArithmeticCommand: '((…))',
  TestCommand: '[[…]]',
};

function guard(node: SyntaxNode, text: string, shell: 'bash' | 'sh'): void {
  const source = node.type === 'Script' ? (node.source ?? text) : text;
  const foreign = FOREIGN[node.type] ?? foreignPart(node, source, shell);
  if (foreign !== undefined) throw new NotInterpretable(`${foreign} in a script for ${shell}`);
  forEachChild(node, (child) => guard(child, source, shell));
}

// oxlint-disable-next-line typescript/switch-exhaustiveness-check -- what is not named here is dash's too
function foreignPart(node: SyntaxNode, source: string, shell: 'bash' | 'sh'): string | undefined {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- see above
  switch (node.type) {
    case 'Script':
      return 'errors' in node && node.errors?.[0] ? node.errors[0].message : undefined;
    case 'Function':
      if (/^function\b/.test(source.slice(node.pos, node.pos + 9))) return 'the keyword function';
      return NAME.test(node.name.text) ? undefined : `the function name ${node.name.text}`;
    case 'Assignment':
      if (node.append === true) return '+=';
      return node.index ? 'an array' : undefined;
    case 'Command':
      // Bash expands it there as in an assignment.
      return shell === 'bash' && node.args.some(({ text }) => /^[A-Za-z_]\w*=(?:[^'"]*:)?~/.test(text))
        ? '=~'
        : undefined;
    case 'Pipeline':
      return node.operators.includes('|&') ? '|&' : undefined;
    case 'CaseItem':
      return node.terminator === ';&' || node.terminator === ';;&' ? node.terminator : undefined;
    case 'For':
      return NAME.test(node.name.text) ? undefined : `the variable name ${node.name.text}`;
    case 'ArithmeticExpansion':
      return node.text.startsWith('$((') ? undefined : '$[…]';
    case 'BraceExpansion':
      return shell === 'bash' || node.parts ? 'a brace expansion' : undefined;
    case 'ParameterExpansion':
      return foreignParameter(node);
    case 'CommandExpansion':
      return node.text.startsWith('${') ? '${ …; }' : undefined;
    case 'Redirect':
    case 'HereDoc':
      return foreignRedirection(node);
    default:
      return undefined;
  }
}

const POSIX_OPERATIONS: ReadonlySet<string> = new Set(['Default', 'Remove']);

function foreignParameter({ prefix, index, operation, text }: ParameterExpansionPart): string | undefined {
  const isForeign = prefix === '!' || index !== undefined || (operation && !POSIX_OPERATIONS.has(operation.type));
  return isForeign ? text : undefined;
}

function foreignRedirection(node: Redirection): string | undefined {
  if (node.operator === '&>' || node.operator === '&>>' || node.operator === '<>') return node.operator;
  const isDuplication = node.operator === '>&' || node.operator === '<&';
  // What is expanded is checked when it is known.
  if (isDuplication && !/^(?:[0-9]|-|["$].*)$/.test(node.target?.text ?? '')) {
    return `${node.operator}${node.target?.text ?? ''}`;
  }
  return undefined;
}
