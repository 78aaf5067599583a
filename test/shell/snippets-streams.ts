// Scripts with what dash prints for them and ends with: pipelines, redirections and what commands read.
import type { Snippet } from './snippet.ts';

export const STREAMS: readonly Snippet[] = [
  ['echo a | { cat; } 2>/dev/null; echo hi', 'a\nhi\n'],
  [': > /nonexist/x; echo Q', '', 2],
  ['> /nonexist/x; echo Q $?', 'Q 2\n'],
  ['echo a > /nonexist/x; echo R $?', 'R 2\n'],
  ['f() { :; }; f > /nonexist/x; echo S $?', 'S 2\n'],
  ['exec 3>&1; echo U >&3; exec 3>&-; echo V >&3; echo $?', 'U\n2\n'],
  [
    'cat <<-E\n\ta\n\t  b \\$x $((1+1))\n\tE\ncat <<E\na\\\nb \\\\ \\a "q" \'r\' `echo hi` $(echo "x y")\nE\ncat <<\'E\'\na $x \\\\\nE\ncat <<E\nno expansion \\\\ here\nE',
    'a\n  b $x 2\nab \\ \\a "q" \'r\' hi x y\na $x \\\\\nno expansion \\ here\n',
  ],
  [
    'echo >b.txt; echo > a.txt; echo > .h; x="*"; echo $x "$x" \\* [ab].txt [!a].txt ? nope* .* ./*.txt',
    'a.txt b.txt * * a.txt b.txt b.txt ? nope* . .. .h ./a.txt ./b.txt\n',
  ],
  [
    'printf "%s %s\\n" a b c; printf "%d\\n" abc; echo $?; printf "\\101\\n"; printf "%5.2s|\\n" abc; printf "%%|%c|%i|%o|%X|%u\\n" xyz 5 8 255 7; printf "%s\\n"; printf "%03d|%+d|% d\\n" 5 5 5; printf %s; printf "%b\\n" \'a\\tb\\0101\\n\\c z\' q; printf \'%-5s|%05d|%x\\n\' a -3 -1; printf \'x\\\\y\\n\'; printf \'%*d|\\n\' 5 3; printf "%d\\n" "\'A"; printf \'%d %d\\n\' 1; printf "%s" a b; printf \'\\n\'; printf -- \'-x\\n\'; printf \'a\\0b\\n\' | cat',
    'a b\nc \n0\n1\nA\n   ab|\n%|x|5|10|FF|7\n\n005|+5| 5\na\tbA\na    |-0003|ffffffffffffffff\nx\\y\n    3|\n65\n1 0\nab\n-x\na\u0000b\n',
  ],
  [
    'IFS=,; x=a,b,,c,; for i in $x; do echo "<$i>"; done; read a b c <<E\n1,2,3,4\nE\necho $a/$b/$c',
    '<a>\n<b>\n<>\n<c>\n1/2/3 4\n',
  ],
  [
    'IFS=,; read a b <<E\n1,2,\nE\necho "$a/$b"; read a b <<E\n1,2,,\nE\necho "$a/$b"; read a <<E\n1,\nE\necho "$a"',
    '1/2\n1/2,,\n1\n',
  ],
  ['read x; echo $?; echo "a\\\\tb" | { read -r y; echo "$y"; }', '1\na\tb\n'],
  [
    'echo $((010+0x10)) $((1<2)) $((5/2)) $((-5%3)) $((1?2:3)) $((!0)) $((~0)) $((1<<3)) $((3&1|4^1)) $((1&&0||1)) $((x+=2)) $x $(( (1+2)*3 )) $(($x*2)) $((y)) $((9223372036854775807+1))',
    '24 1 2 -2 2 1 -1 8 5 1 2 2 9 4 0 -9223372036854775808\n',
  ],
  ['echo a|while read x; do echo $x; y=1; done; echo [$y]', 'a\n[]\n'],
  ['foo; echo $?; /etc/passwd; echo $?; /none/x; echo $?; foo bar 2>/dev/null; echo $?', '127\n126\n127\n127\n'],
  ['while read a b; do echo "$a-$b"; done <<E\n x  y z  \np\\\nq r\nE', 'x-y z\npq-r\n'],
  ["export a=\"x'y\"; export -p | grep ' a='; readonly b=2; readonly", "export a='x'\"'\"'y'\nreadonly b='2'\n"],
  [
    'case "a b" in a\\ b) echo 1;; esac; case x in a|b|x) echo 2;; esac; case "" in "") echo 3;; esac; case /a/b in */b) echo 4;; esac; case abc in ?b?) echo 5;; esac; case \'[a\' in \'[\'*) echo 6;; esac',
    '1\n2\n3\n4\n5\n6\n',
  ],
  ['{ echo a; echo b >&2; } 2>&1 | sort -r', 'b\na\n'],
  ['exec >f; echo hi; echo ho >&2; exec 2>&1; echo e >&2; cat f >g', ''],
  ['echo one > f; echo two >> f; cat < f; cat f; { cat; cat; } < f; wc -l < f', 'one\ntwo\none\ntwo\none\ntwo\n2\n'],
  ['(echo a; echo b) > f; while read l; do echo "$l$l"; done < f > g; cat g', 'aa\nbb\n'],
  ["set -a; q=1; set +a; sh=1; export | grep ' q='", "export q='1'\n"],
  ["echo 'foo() { echo sourced; }' > lib; . ./lib; foo; unset -f foo; foo 2>/dev/null || echo gone", 'sourced\ngone\n'],
  ['printf \'a b\\nc d\\n\' | while read -r x y; do echo "$y $x"; done', 'b a\nd c\n'],
  ['echo a 1>&2 2>/dev/null; echo b 2>/dev/null 1>&2; echo c', 'c\n'],
  ['cat 0<<E 1>f\nx\nE\ncat f', 'x\n'],
  ['var=$1; case "$var" in -*|p*) echo opt;; *) echo other;; esac', 'opt\n'],
  [
    'read a b c <<E\n  one   two   three   four  \nE\necho "[$a][$b][$c]"; read -r a <<E\n  lead \\t trail  \nE\necho "[$a]"; read a <<E\nx\\y\\\\z\nE\necho "[$a]"',
    '[one][two][three   four]\n[lead \t trail]\n[xyz]\n',
  ],
  ['echo foo | read x; echo "[$x]"', '[]\n'],
  ['echo "a\nb\nc" | { read x; cat; }', 'b\nc\n'],
  ['echo hi > "a b"; cat "a b"; x="a b"; cat < $x; cat "$x" >> "$x.2"; cat *2', 'hi\nhi\nhi\n'],
  [
    'while read -r line; do case "$line" in \\#*|"") continue ;; *=*) echo "${line%%=*}|${line#*=}";; esac; done <<\'E\'\n# c\n\na=b=c\nx\nE',
    'a|b=c\n',
  ],
  [
    'echo $((1 + 1)) "$((2*3))" $(( 010 )) $((0xff)); x=5; echo $((x*x)) $(($x-1)) $((-x)) $((x>3&&x<9)); : $((x=x+1)); echo $x; echo $((x==6?1:0))',
    '2 6 8 255\n25 4 -5 1\n6\n1\n',
  ],
  ['cat <<E | sed s/a/b/\na\nE', 'b\n'],
  ['cat <<A; cat <<B\n1\nA\n2\nB', '1\n2\n'],
  ['exec 5>log; echo to5 >&5; exec 5>&-; cat log; exec 0<log; read l; echo "got $l"', 'to5\ngot to5\n'],
  [
    '{ echo out; echo err >&2; } >o 2>e; cat o e; { echo out; echo err >&2; } >both 2>&1; cat both; ls nope >/dev/null 2>&1 || echo rc=$?',
    'out\nerr\nout\nerr\nrc=2\n',
  ],
  [
    'unset -v nope; echo $?; unset -f nope; echo $?; export NOPE; echo "${NOPE-unset}"; (env | grep -c ^NOPE)',
    '0\n0\nunset\n0\n',
    1,
  ],
  [
    'type cd; type :; type f 2>/dev/null; echo $?',
    'cd is a shell builtin\n: is a special shell builtin\nf: not found\n127\n',
  ],
  [
    "printf '%s|' a 'b c' \"$(printf 'x\\ny')\"; echo; printf '%s=%s\\n' a 1 b 2; printf '\\\\n\\t|\\n'; printf '%%\\n'; printf '%b' 'a\\\\b\\n'; printf '%s\\n' -n; printf \"%-10s|%10s|\\n\" ab cd",
    'a|b c|x\ny|\na=1\nb=2\n\\n\t|\n%\na\\b\n-n\nab        |        cd|\n',
  ],
  [
    '[ 10 -gt 9 ] && [ 1 -ne 2 ] && [ " 5 " -eq 5 ] && [ -1 -lt 0 ] && echo n; [ a \\< b ] && echo lt; [ b \\> a ] && echo gt',
    'n\nlt\ngt\n',
  ],
  ['umask 022; umask -- 077 2>/dev/null; umask', '0077\n'],
  ["touch .a b; echo * .*; echo .[!.]*; ls -A | tr '\\n' ' '", 'b . .. .a\n.a\n.a b '],
  ['echo a >f; echo b >>f; : >>f; cat f; : >f; wc -c <f; echo x >"f 2"; cat f*', 'a\nb\n0\nx\n'],
  ["cat <<-'E'\n\t\ttwo tabs $x\n\tE", 'two tabs $x\n'],
  ['foo=bar cat <<E\n${foo-unset} $((1+2)) \\$HOME "q" \\\\\nE', 'unset 3 $HOME "q" \\\n'],
  [
    'echo "a b" | (read x y; echo "$y $x"); echo "1 2 3" | { read a b; echo $b; }; echo one | cat | cat',
    'b a\n2 3\none\n',
  ],
  [
    'type foo | cat; type foo >/dev/null; echo $?; type echo if local; command -v echo; command -v foo; echo $?; command -v if; f() { :; }; command -v f; type f; command -V f',
    'foo: not found\n127\necho is a shell builtin\nif is a shell keyword\nlocal is a special shell builtin\necho\n127\nif\nf\nf is a shell function\nf is a shell function\n',
  ],
  ['set -C; echo a > f; echo b > f; echo $?; cat f; echo c >| f; cat f; echo d > /dev/null; echo $?', '2\na\nc\n0\n'],
];
