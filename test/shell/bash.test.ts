// Scripts for bash: what would mean something else in dash is refused by name, and the options of every shell's first line count.
import { describe, expect, it } from 'vitest';
import { NotInterpretable } from '../../src/shell/program.ts';
import { run, runSnippet } from './snippet.ts';

describe('in a script for bash', () => {
  it.each([
    ['[[ -n x ]]', '[[…]] in a script for bash'],
    ['a=(1 2)', 'an array'],
    [`echo $'a'`, "$'…'"],
    ['cat <<< x', '<<<'],
    ['function f { :; }', 'the keyword function'],
    ['cat <(true)', 'process substitution'],
    ['x=aXa; echo ${x//X/Y}', '${x//X/Y}'],
    ['echo a{b,c}', 'a brace expansion'],
    ['for i in {1..3}; do :; done', 'a brace expansion'],
    ['true &> x', '&>'],
    ['eval "[[ a ]]"', '[[…]] in a script for bash'],
    ['declare x=1', 'declare x=1'],
    ['typeset x=1', 'typeset x=1'],
    ['let x=1', 'let x=1'],
    ['shopt -s nullglob || true', 'shopt -s nullglob'],
    ['mapfile x || true', 'mapfile x'],
    ['pushd / || true', 'pushd /'],
    ['command -v pushd', 'command -v pushd'],
    ['command declare x', 'declare x'],
    ['type cat', 'type cat'],
    ['chdir /', 'chdir /'],
    [`echo -e '\\x41'`, 'echo -e'],
    [`echo -e '\\101'`, 'echo -e'],
    [`printf '\\x41'`, 'printf'],
    [`printf '%b' '\\e'`, 'printf'],
    ['printf -v x y', 'printf -v'],
    ['printf %q x', 'printf %q'],
    ['f() { local -a x; }; f', 'local -a x'],
    ['f() { local -r x=1; x=2; }; f', 'an error of bash: x: is read only'],
    ['[ -v x ]', '[ -v x ]'],
    ['[ -a /etc ]', '[ -a /etc ]'],
    ['[ a == a -a b == b ]', '[ a == a -a b == b ]'],
    ['cd /nowhere || true', "an error of bash: cd: can't cd to /nowhere"],
    ['shift 5', 'an error of bash'],
    ['set -u; echo $nothing', 'an error of bash'],
    ['set -o pipefail', 'set -o pipefail'],
    ['echo $RANDOM', 'the variable RANDOM'],
    ['echo ${BASH_SOURCE}', 'the variable BASH_SOURCE'],
    ['echo ${UID:-0}', 'the variable UID'],
    ['SECONDS=0', 'the variable SECONDS'],
    ['echo $((RANDOM))', 'the variable RANDOM'],
    ['echo $-', '$-'],
    ['x="a b"; echo > $x', 'an ambiguous redirection'],
    ['echo .*', 'the pattern .*'],
    ['X=1 export Y', 'export'],
    ['export -p', 'export -p'],
    ['set', 'set in'],
    ['echo x=~/a', '=~'],
    ['return 1', 'return 1'],
    ['source lib', 'source lib'],
    ['f() { :; }; unset f', 'unset f'],
  ])('%s is refused', (script, reason) => {
    expect(() => runSnippet(script, 'bash')).toThrow(NotInterpretable);
    expect(() => runSnippet(script, 'bash')).toThrow(reason);
  });

  it('another script is still for dash', () => {
    expect(runSnippet(`sh -c 'echo "a\\tb"; [ a == a ] || echo other'`, 'bash').stdout).toBe('a\tb\nother\n');
  });

  it('what is not reached is not refused', () => {
    expect(runSnippet('if false; then declare x; echo $RANDOM; fi; echo here', 'bash').stdout).toBe('here\n');
  });
});

describe('the first line', () => {
  it.each(['#!/bin/sh -e', '#! /bin/bash -e', '#!/bin/dash -eu', '#!/usr/bin/bash -e ', '#!/usr/bin/sh\t-e'])(
    '%s ends the script at its first failure',
    (line) => {
      expect(run(`${line}\nfalse\necho no`)).toMatchObject({ stdout: '', status: 1 });
    },
  );

  it('refuses an option that is not known', () => {
    expect(() => run('#!/bin/bash -p\n:')).toThrow('-p');
  });
});
