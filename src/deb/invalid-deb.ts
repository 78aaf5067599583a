// What is wrong with a package is said in one way, whoever finds it.
import { ImageSpecError } from '../core/error.ts';
import type { Refuse } from '../filesystem/layer-error.ts';

/** The error for one package; `why` goes on after "it". */
export function refusalOf(subject: string): Refuse {
  return (why, { cause, code = 'DEB_INVALID' } = {}) =>
    new ImageSpecError(code, `Debian package ${subject} cannot be unpacked: it ${why}`, {
      hint: 'The package is damaged or hostile: clear the cache and try again, and if it repeats, ask its publisher or leave it out.',
      cause,
      facts: { package: subject },
    });
}

/** The same for a part of it, which `why` then goes on about. */
export function refusalOfPart(refuse: Refuse, part: string): Refuse {
  return (why, more) => refuse(`has a ${part} that ${why}`, more);
}
