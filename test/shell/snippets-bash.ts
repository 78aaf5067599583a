// What bash does otherwise than dash, and is carried out; test/system/shell.test.ts proves the table against the real one.
import type { Snippet } from './snippet.ts';

export const BASH: readonly Snippet[] = [
  [
    `echo a\\\\nb 'a\\tb' -n; echo -e 'a\\tb\\0101'; echo -ne 'q\\n'; echo -E -x; echo - a`,
    'a\\nb a\\tb -n\na\tbA\nq\n-x\n- a\n',
  ],
  [`echo -n -e 'x\\c'; echo -nn y; echo -nq`, 'xy-nq\n'],
  [
    '[ a == a ] && echo eq; [ a == b ] || echo ne; test "" == "" && echo both; [ ! a == b ] && echo not',
    'eq\nne\nboth\nnot\n',
  ],
  ['[ == = == ] && echo same; [ == ] && echo one', 'same\none\n'],
  [
    'export X=1; f() { local X; echo "[${X-none}]"; local X=2; sh -c \'echo $X\'; local X; echo $X; }; f; echo $X',
    '[none]\n2\n2\n1\n',
  ],
  ['f() { local -r Z=1; echo $Z; }; f; Z=5; echo $Z; f', '1\n5\n1\n'],
  ['f() { local -r Z; echo "${Z-none}"; }; Z=1; f; echo $Z', 'none\n1\n'],
  ['set -e; x=$(false; echo hi); echo "$x"; x=`false; echo ho`; echo "$x"', 'hi\nho\n'],
  ['set -e; (false; echo no); echo no', '', 1],
  ['cat < nothing; echo $?; { echo a; } < nothing; echo $?', '1\n1\n'],
  ['t="x"; echo hi > $t; cat $t; cat < x*', 'hi\nhi\n'],
  ['echo "a() { echo sourced \\$1; }" > lib; source ./lib; a 1; . ./lib; a 2', 'sourced 1\nsourced 2\n'],
  ['f() { return 3; }; f; echo $?; unset -f f; f; echo $?', '3\n127\n'],
  [`printf '%s\\n' a 'b c'; printf -- '-%d\\t%b\\n' 7 'x\\ty'`, 'a\nb c\n-7\tx\ty\n'],
  ['command -v echo; command echo -e "a\\\\tb"; command -v nothing-such; echo $?', 'echo\na\tb\n1\n'],
  [`echo {} {a} 'a{b,c}' "{1..2}"; echo {a,b`, '{} {a} a{b,c} {1..2}\n{a,b\n'],
  ['false | true; echo $?; case b in [^a]) echo caret;; esac', '0\ncaret\n'],
];
