// Templates of debconf (debconf-devel(7)): what a package's `templates` control file says of its questions.
import { fieldsOf } from './debconf-records.ts';

export interface Template {
  readonly name: string;
  /** `string`, `boolean`, `select`, `multiselect`, `note`, `text`, `password`, `title`, `error`. */
  readonly type: string;
  readonly fallback: string;
  readonly choices: string;
  /** The same as answers are kept: what people are shown may be other words. */
  readonly values: string;
  readonly description: string;
  readonly extended: string;
}

/** Translations are left out: scripts run without a locale. */
export function parseTemplates(text: string): Template[] {
  return fieldsOf(text).map((fields) => {
    const [description = '', ...extended] = (fields.get('description') ?? '').split('\n');
    return {
      name: fields.get('template') ?? fields.get('name') ?? '',
      type: fields.get('type') ?? 'string',
      fallback: fields.get('default') ?? '',
      choices: fields.get('choices') ?? fields.get('choices-c') ?? '',
      values: fields.get('choices-c') ?? fields.get('choices') ?? '',
      description,
      extended: extended.join('\n'),
    };
  });
}

/** `, ` parts choices; `\,` and `\ ` stand for themselves. */
export function splitChoices(choices: string): string[] {
  const found: string[] = [];
  let item = '';
  for (const [, escaped, one = ''] of choices.matchAll(/\\([, ])|([^])/g)) {
    if (escaped !== undefined) item += escaped;
    else if (one === ',') {
      found.push(item);
      item = '';
    } else if (one !== ' ' || item !== '') item += one;
  }
  return item === '' ? found : [...found, item];
}
