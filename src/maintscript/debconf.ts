// Debconf's questions while packages are installed: what its frontend `noninteractive` would know and answer (debconf-devel(7)).
import { fieldsOf } from './debconf-records.ts';
import { parseTemplates, splitChoices } from './debconf-templates.ts';
import type { Template } from './debconf-templates.ts';

/** What a command answers: its status and `$RET`, which is the whole line of an answer that has no text or a status of two digits. */
export type Answer = readonly [status: number, text: string];

interface Question {
  readonly template: string;
  value: string | undefined;
  readonly flags: Map<string, string>;
  readonly variables: Map<string, string>;
  readonly owners: Set<string>;
}

/** Statuses of the protocol. */
const DONE = 0;
const BAD_PARAMETERS = 10;
const SKIPPED = 30;
const NOTHING_TO_SAY: Answer = [DONE, '0'];

/** One for all packages of an installation. Nobody is asked: every question keeps its value or gets its default. */
export class Debconf {
  readonly #templates = new Map<string, Template>();
  readonly #questions = new Map<string, Question>();
  /** Asked since the last `go`. */
  readonly #waiting = new Set<string>();

  /** What the base has in /var/cache/debconf: templates.dat and config.dat. */
  seed(templates: string, config: string): void {
    for (const template of parseTemplates(templates)) this.#templates.set(template.name, template);
    for (const fields of fieldsOf(config)) {
      this.#questions.set(fields.get('name') ?? '', {
        template: fields.get('template') ?? '',
        value: fields.get('value'),
        flags: new Map((fields.get('flags') ?? '').split(/,?\s+/).flatMap((flag) => (flag ? [[flag, 'true']] : []))),
        variables: parseVariables(fields.get('variables') ?? ''),
        owners: new Set((fields.get('owners') ?? '').split(/,\s*/)),
      });
    }
  }

  /** The `templates` of a package, before its `config` runs. Answers that are there stay. */
  load(owner: string, templates: string): void {
    for (const template of parseTemplates(templates)) {
      this.#templates.set(template.name, template);
      this.register(template.name, template.name, owner);
    }
  }

  register(template: string, name: string, owner: string): Answer {
    if (!this.#templates.has(template)) return [BAD_PARAMETERS, `${BAD_PARAMETERS} No such template, "${template}"`];
    const known = this.#questions.get(name);
    if (known) known.owners.add(owner);
    else this.#questions.set(name, newQuestion(template, owner));
    return NOTHING_TO_SAY;
  }

  unregister(name: string, owner: string): Answer {
    return this.#with(name, (question) => {
      question.owners.delete(owner);
      if (question.owners.size === 0) this.#questions.delete(name);
      return NOTHING_TO_SAY;
    });
  }

  purge(owner: string): Answer {
    for (const [name, { owners }] of this.#questions) {
      if (owners.delete(owner) && owners.size === 0) this.#questions.delete(name);
    }
    return NOTHING_TO_SAY;
  }

  input(name: string): Answer {
    if (!this.#questions.has(name)) return missing(`"${name}"`);
    this.#waiting.add(name);
    return [SKIPPED, `${SKIPPED} question skipped`];
  }

  /** A selection whose value is no choice becomes the first choice, as the element `Noninteractive::Select` does. */
  go(): Answer {
    for (const name of this.#waiting) {
      const question = this.#questions.get(name);
      const template = question && this.#templates.get(question.template);
      if (!question || template?.type !== 'select') continue;
      const choices = splitChoices(expand(template.values, question.variables));
      if (!choices.includes(this.#valueOf(question))) question.value = choices[0] ?? '';
    }
    this.#waiting.clear();
    return [DONE, 'ok'];
  }

  /** For commands that name a question only to show its text. */
  mention(name: string): Answer {
    return this.#questions.has(name) ? NOTHING_TO_SAY : missing(`"${name}"`);
  }

  get(name: string): Answer {
    return this.#with(name, (question) => this.#valueOf(question));
  }

  set(name: string, value: string): Answer {
    return this.#with(name, (question) => {
      question.value = value;
      return 'value set';
    });
  }

  reset(name: string): Answer {
    return this.#with(name, (question) => {
      question.value = undefined;
      question.flags.set('seen', 'false');
      return NOTHING_TO_SAY;
    });
  }

  substitute(name: string, variable: string, value: string): Answer {
    return this.#with(name, (question) => {
      question.variables.set(variable, value);
      return NOTHING_TO_SAY;
    });
  }

  flag(name: string, flag: string): Answer {
    return this.#with(name, ({ flags }) => flags.get(flag) ?? 'false');
  }

  setFlag(name: string, flag: string, value: string): Answer {
    return this.#with(name, ({ flags }) => {
      flags.set(flag, value);
      return value;
    });
  }

  /** A field of the question or of its template, with its variables filled in. */
  meta(name: string, field: string): Answer {
    return this.#with(name, (question) => {
      const template = this.#templates.get(question.template);
      const fields: Readonly<Record<string, string | undefined>> = {
        value: this.#valueOf(question),
        type: template?.type,
        default: template?.fallback,
        choices: template?.choices,
        description: template?.description,
        extended_description: template?.extended,
        owners: [...question.owners].sort().join(', '),
      };
      // An answer is one line; the rest of a long description is lost.
      return expand(fields[field] ?? '', question.variables).split('\n')[0] ?? '';
    });
  }

  #valueOf(question: Question): string {
    return question.value ?? this.#templates.get(question.template)?.fallback ?? '';
  }

  #with(name: string, act: (question: Question) => string | Answer): Answer {
    const question = this.#questions.get(name);
    if (!question) return missing(name);
    const answer = act(question);
    return typeof answer === 'string' ? [DONE, answer] : answer;
  }
}

const missing = (name: string): Answer => [BAD_PARAMETERS, `${BAD_PARAMETERS} ${name} doesn't exist`];

const newQuestion = (template: string, owner: string): Question => ({
  template,
  value: undefined,
  flags: new Map(),
  variables: new Map(),
  owners: new Set([owner]),
});

const expand = (text: string, variables: ReadonlyMap<string, string>): string =>
  text.replaceAll(/(\\?)\$\{([^}]+)\}/g, (whole, escape: string, name: string) =>
    escape === '' ? (variables.get(name) ?? '') : whole.slice(1),
  );

/** ` name = value` lines. */
function parseVariables(text: string): Map<string, string> {
  const pairs = text.split('\n').flatMap((line): [string, string][] => {
    const [, name, value = ''] = /^\s*(\S+) = ?(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value]];
  });
  return new Map(pairs);
}
