// `--showformat` of dpkg-query(1).
import { NotInterpretable } from '../shell/program.ts';
import type { InstalledPackage } from './dpkg-state.ts';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\' };
/** Third letter of `db:Status-Abbrev`: installation problems, of which there are none. */
const STATE_LETTERS: Readonly<Record<string, string>> = {
  'not-installed': 'n',
  'config-files': 'c',
  'half-installed': 'H',
  unpacked: 'U',
  'half-configured': 'F',
  'triggers-awaited': 'W',
  'triggers-pending': 't',
  installed: 'i',
};

/** `found` is undefined for a package that is known by name only. Throws `NotInterpretable` for fields with a width. */
export function showFormat(format: string, name: string, found: InstalledPackage | undefined): string {
  return format.replaceAll(/\\(.)|\$\{([^}]*)\}/gs, (_whole, escape: string | undefined, field: string | undefined) => {
    if (escape !== undefined) return ESCAPES[escape] ?? escape;
    return valueOf(field ?? '', name, found);
  });
}

function valueOf(field: string, name: string, found: InstalledPackage | undefined): string {
  if (field.includes(';')) throw new NotInterpretable(`dpkg-query is asked for a field with a width: ${field}`);
  const [want = 'unknown', flag = 'ok', state = 'not-installed'] = found ? statusOf(found) : [];
  switch (field.toLowerCase()) {
    case 'package':
      return found?.name ?? name;
    case 'binary:package':
      return found?.isSame ? `${found.name}:${found.architecture}` : (found?.name ?? name);
    case 'status':
      return `${want} ${flag} ${state}`;
    case 'db:status-want':
      return want;
    case 'db:status-status':
      return state;
    case 'db:status-eflag':
      return flag;
    case 'db:status-abbrev':
      return `${want.slice(0, 1)}${STATE_LETTERS[state] ?? '?'} `;
    case 'conffiles':
      return [...(found?.conffiles ?? [])].map(([path, md5]) => ` ${path} ${md5}`).join('\n');
    case 'multi-arch':
      return fieldOf(found, field) ?? 'no';
    default:
      if (field.includes(':')) throw new NotInterpretable(`dpkg-query is asked for ${field}`);
      return fieldOf(found, field) ?? '';
  }
}

function statusOf(found: InstalledPackage): string[] {
  return found.fields.find(([field]) => field === 'Status')?.[1].split(' ') ?? ['install', 'ok', found.state];
}

const fieldOf = (found: InstalledPackage | undefined, field: string): string | undefined =>
  found?.fields.find(([one]) => one.toLowerCase() === field.toLowerCase())?.[1];
