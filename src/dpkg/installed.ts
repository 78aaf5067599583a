// The packages that a base has, as the resolver wants them.
import { ImageSpecError } from '../core/error.ts';
import type { BaseFacts } from '../filesystem/facts.ts';
import type { InstalledPackage } from '../maintscript/dpkg-state.ts';
import { parseStanzas } from '../deb/control.ts';
import type { PackageVersion } from '../deb/package.ts';
import { MalformedStanza, parsePackageVersion } from '../deb/relation.ts';
import { readInstalled } from './status.ts';

const STATUS = /^var\/lib\/dpkg\/(?:status|status\.d\/[^/]+(?<!\.md5sums))$/;

/** Of dpkg's status file, or of the files of a distroless image. Throws `LAYER_INVALID`. */
export function installedPackages(facts: BaseFacts): InstalledPackage[] {
  return [...facts.captured]
    .filter(([path]) => STATUS.test(path))
    .flatMap(([path, bytes]) => parseStanzas(new TextDecoder().decode(bytes), (line) => refuse(path, line)))
    .flatMap((stanza) => readInstalled(stanza) ?? [])
    .filter(
      ({ state }) =>
        state === 'installed' || state === 'unpacked' || state.startsWith('half') || state.startsWith('trig'),
    );
}

/** The same with their relations. @param architecture native, as dpkg names it */
export function installedVersions(facts: BaseFacts, architecture: string): PackageVersion[] {
  return installedPackages(facts).map(({ name, fields }) => {
    try {
      return parsePackageVersion(fields, architecture);
    } catch (error) {
      if (error instanceof MalformedStanza) return refuse(`var/lib/dpkg/status (${name})`, error.message);
      throw error;
    }
  });
}

/** The database of the base is damaged. */
export function refuse(file: string, what: string): never {
  throw new ImageSpecError('LAYER_INVALID', `/${file} of the base image cannot be understood: ${what.slice(0, 100)}`, {
    hint: 'The package database of the base is damaged: choose another base image.',
  });
}
