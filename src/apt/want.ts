// The words by which a user names packages, as apt-get(8) reads them: `git`, `git=1:2.39.5-0+deb12u2`, `git/bookworm-backports`, `git:amd64`.
import { ImageSpecError } from '../core/error.ts';

export interface Want {
  /** As written. */
  readonly text: string;
  readonly name: string;
  readonly architecture?: string | undefined;
  readonly version?: string | undefined;
  readonly suite?: string | undefined;
}

const SHAPE = /^([a-zA-Z0-9][a-zA-Z0-9+.-]*)(?::([a-z0-9-]+))?(?:([=/])([A-Za-z0-9.+~:_-]+))?$/;

/**
 * Throws `NOT_SUPPORTED` for what selects several packages or a file, `PACKAGE_UNKNOWN` for what cannot be the name of one. A `+` or `-` at
 * the end may belong to the name (`g++`), so it is judged when packages are known.
 */
export function parseWant(text: string): Want {
  const [, name, architecture, sign, value] = SHAPE.exec(text) ?? [];
  if (name === undefined) throw refuse(text);
  return {
    text,
    name,
    ...(architecture === undefined ? {} : { architecture }),
    ...(sign === '=' ? { version: value } : {}),
    ...(sign === '/' ? { suite: value } : {}),
  };
}

function refuse(text: string): ImageSpecError {
  if (/^\.{0,2}\//.test(text)) {
    return notSupported(text, 'a file', 'Name the package; it is fetched from the package sources.');
  }
  if (/[*?[\]^$()|\\~]/.test(text)) {
    return notSupported(
      text,
      'a pattern',
      'Name each package: patterns change their meaning with the package sources.',
    );
  }
  return new ImageSpecError('PACKAGE_UNKNOWN', `"${text}" is not the name of a Debian package`, {
    hint: 'Write `name`, `name=version` or `name/suite`, each package on its own.',
    facts: { package: text },
  });
}

function notSupported(text: string, what: string, hint: string): ImageSpecError {
  return new ImageSpecError('NOT_SUPPORTED', `"${text}" is ${what}, and packages can only be named`, {
    hint,
    facts: { package: text },
  });
}
