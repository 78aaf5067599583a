// The commands that `. /usr/share/debconf/confmodule` makes known, answered here instead of by a process at the other end of a pipe.
import { NotInterpretable } from '../shell/program.ts';
import type { Builtin } from '../shell/program.ts';
import type { Answer, Debconf } from './debconf.ts';

/** Path of the file that stands for this module. */
export const CONFMODULE = '/usr/share/debconf/confmodule';

/** Commands that only a person in front of a screen would notice, and what they answer. */
const UNSEEN = ['db_title', 'db_beginblock', 'db_endblock', 'db_clear'];

type Command = (debconf: Debconf, words: readonly string[], owner: string) => Answer;

const COMMANDS: Readonly<Record<string, Command>> = {
  db_version: (_debconf, [version = '2.0']) =>
    Math.trunc(Number(version)) === 2
      ? [0, '2.0']
      : [30, `30 Version too ${Number(version) > 2 ? 'high' : 'low'} (${version})`],
  db_capb: () => [0, 'multiselect escape '],
  db_settitle: (debconf, [name = '']) => debconf.mention(name),
  db_info: (debconf, [name = '']) => (name === '' ? [0, '0'] : debconf.mention(name)),
  db_progress: () => [0, 'OK'],
  db_input: (debconf, [, name = '']) => debconf.input(name),
  db_go: (debconf) => debconf.go(),
  db_get: (debconf, [name = '']) => debconf.get(name),
  db_set: (debconf, [name = '', ...value]) => debconf.set(name, value.join(' ')),
  db_reset: (debconf, [name = '']) => debconf.reset(name),
  db_subst: (debconf, [name = '', variable = '', ...value]) => debconf.substitute(name, variable, value.join(' ')),
  db_fget: (debconf, [name = '', flag = '']) => debconf.flag(name, flag),
  db_fset: (debconf, [name = '', flag = '', value = '']) => debconf.setFlag(name, flag, value),
  db_metaget: (debconf, [name = '', field = '']) => debconf.meta(name, field),
  db_register: (debconf, [template = '', name = ''], owner) => debconf.register(template, name, owner),
  db_unregister: (debconf, [name = ''], owner) => debconf.unregister(name, owner),
  db_purge: (debconf, _words, owner) => debconf.purge(owner),
};

/** `owner`: the package whose script sources the module. */
export function confmodule(debconf: Debconf, owner: string): ReadonlyMap<string, Builtin> {
  const unseen = UNSEEN.map((name): [string, Builtin] => [name, answerWith(() => [0, '0'])]);
  const commands = Object.entries(COMMANDS).map(([name, command]): [string, Builtin] => [
    name,
    answerWith((words) => command(debconf, words, owner)),
  ]);
  return new Map([...unseen, ...commands, ['db_stop', () => 0]]);
}

function answerWith(command: (words: readonly string[]) => Answer): Builtin {
  return ({ argv, set }) => {
    const line = argv.slice(1).join(' ');
    if (line.includes('\n')) throw new NotInterpretable(`${argv[0]} is given text of several lines`);
    if (argv[0] === 'db_capb' && /\bescape\b/.test(line))
      throw new NotInterpretable('debconf is asked to understand escaped text');
    // The protocol is lines of words: white space between them does not count.
    const [status, text] = command(line.split(/\s+/).filter((word) => word !== ''));
    set('RET', text);
    return status;
  };
}
