// The variables a program starts with: the image's, what engines add, and the user's.
import { ImageSpecError } from '../core/error.ts';

/** What a shell would search if the image says nothing (Debian's login default). */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvRequest {
  /** `NAME=VALUE` lines of the image's config. */
  readonly image: readonly string[];
  /** `NAME=VALUE`, or `NAME` for the host's own value. */
  readonly options: readonly string[];
  readonly home: string;
  /** Only of a program with a terminal. */
  readonly terminal: string | undefined;
  readonly host: Readonly<Record<string, string | undefined>>;
}

/** Later values win. Names that the host does not have are left out, as engines do. Throws `USAGE`. */
export function programEnv({ image, options, home, terminal, host }: EnvRequest): ReadonlyMap<string, string> {
  const env = new Map<string, string>([['PATH', DEFAULT_PATH]]);
  if (terminal !== undefined) env.set('TERM', terminal);
  const set = (line: string): void => {
    const end = line.indexOf('=');
    if (end > 0) env.set(line.slice(0, end), line.slice(end + 1));
  };
  image.forEach(set);
  for (const option of options) {
    if (option === '' || option.startsWith('=') || option.includes('\0'))
      throw new ImageSpecError('USAGE', `--env "${option}" has no name`, {
        hint: 'Write -e NAME=VALUE, or -e NAME to take the value that it has here.',
      });
    if (option.includes('=')) set(option);
    else if (host[option] !== undefined) env.set(option, host[option]);
  }
  if (!env.has('HOME')) env.set('HOME', home);
  return env;
}
