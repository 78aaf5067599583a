// Who may read an archive: user and password out of URIs and of apt_auth.conf(5) become a header, and never part of anything that is shown.
import { takeCredentials } from '../registry/url-credentials.ts';
import type { AptFolder } from './apt-folder.ts';

/** The headers for a URL; a function, so that no record and no message can hold what is in them. */
export type HeadersFor = (url: URL) => Readonly<Record<string, string>>;

interface Machine {
  /** `https:`, or undefined where none is written: then only for what is encrypted. */
  readonly protocol: string | undefined;
  /** Host with port, and the start of the path. */
  readonly host: string;
  readonly path: string;
  readonly login: string;
  readonly password: string;
}

/** By `/etc/apt/auth.conf`, then `/etc/apt/auth.conf.d/*.conf` in order; the first machine that fits counts. */
export function readAptAuth(folder: AptFolder): HeadersFor {
  const parts = folder
    .list('/etc/apt/auth.conf.d')
    .filter((name) => /^[\w.-]+\.conf$/.test(name))
    .sort()
    .map((name) => `/etc/apt/auth.conf.d/${name}`);
  const machines = ['/etc/apt/auth.conf', ...parts].flatMap((path) => {
    const bytes = folder.read(path);
    return bytes ? parseAptAuth(new TextDecoder().decode(bytes)) : [];
  });
  return (url) => {
    const found = machines.find((machine) => fits(machine, url));
    return found ? basic(found) : {};
  };
}

/** `machine [protocol://]host[:port][/path] login NAME password SECRET`, over any number of lines. */
function parseAptAuth(text: string): Machine[] {
  const words = text.replace(/^[ \t]*#.*$/gm, '').split(/\s+/);
  const machines: Machine[] = [];
  for (let at = words.indexOf('machine'); at !== -1; at = words.indexOf('machine', at + 2)) {
    const [, protocol, host = '', path = ''] = /^(?:([a-z+]+):\/\/)?([^/]+)(\/.*)?$/i.exec(words[at + 1] ?? '') ?? [];
    const next = words.indexOf('machine', at + 2);
    const rest = words.slice(at + 2, next === -1 ? undefined : next);
    const valueOf = (name: string): string => (rest.includes(name) ? (rest[rest.indexOf(name) + 1] ?? '') : '');
    const login = valueOf('login');
    if (host === '' || login === '') continue;
    machines.push({
      protocol: protocol === undefined ? undefined : `${protocol.toLowerCase()}:`,
      host: host.toLowerCase(),
      path,
      login,
      password: valueOf('password'),
    });
  }
  return machines;
}

function fits({ protocol, host, path }: Machine, url: URL): boolean {
  const isHost = host === url.host || (url.port === '' && host === `${url.hostname}:${defaultPort(url)}`);
  return (protocol ?? 'https:') === url.protocol && isHost && url.pathname.startsWith(path);
}

const defaultPort = ({ protocol }: URL): string => (protocol === 'https:' ? '443' : '80');

function basic({ login, password }: Machine): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}` };
}

/** Takes user and password out of the URL; they are for its host alone, and go before those of files. */
export function withUrlCredentials(url: URL, others: HeadersFor): HeadersFor {
  const headers = takeCredentials(url);
  if (headers['authorization'] === undefined) return others;
  const { origin } = url;
  return (asked) => (asked.origin === origin ? headers : others(asked));
}
