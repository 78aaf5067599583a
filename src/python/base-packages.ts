// What the base's package database says: the one place where a distribution writes down which Python and which libc it installed.
import type { BaseFacts } from '../filesystem/facts.ts';

const DPKG_STATUS = 'var/lib/dpkg/status';
/** Distroless images have a file per package instead, and checksums beside it. */
const DPKG_STATUS_PART = /^var\/lib\/dpkg\/status\.d\/[^/]+(?<!\.md5sums)$/;
const APK_INSTALLED = /^(?:usr\/)?lib\/apk\/db\/installed$/;

/** The database of a full desktop has 5 MB. */
const DATABASE_LIMIT_BYTES = 16 << 20;

/** How much of a file is needed to read the package database; undefined for other files. */
export function captureForPackages(path: string): number | undefined {
  const wanted = path === DPKG_STATUS || DPKG_STATUS_PART.test(path) || APK_INSTALLED.test(path);
  return wanted ? DATABASE_LIMIT_BYTES : undefined;
}

/** Versions of all installed packages by name, as dpkg or apk writes them. Empty where there is neither. */
export function installedPackages(facts: BaseFacts): ReadonlyMap<string, string> {
  const packages = new Map<string, string>();
  for (const [path, bytes] of facts.captured) {
    if (path === DPKG_STATUS || DPKG_STATUS_PART.test(path)) readStanzas(bytes, 'Package', 'Version', packages);
    else if (APK_INSTALLED.test(path)) readStanzas(bytes, 'P', 'V', packages);
  }
  return packages;
}

/** Both databases are stanzas of `Key: value` lines, parted by empty lines (deb822; apk writes no space). */
function readStanzas(bytes: Uint8Array, nameKey: string, versionKey: string, into: Map<string, string>): void {
  for (const stanza of new TextDecoder().decode(bytes).split(/\n(?:[ \t]*\n)+/)) {
    const fields = new Map([...stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*)$/gm)].map(([, key, value]) => [key, value]));
    const name = fields.get(nameKey);
    const version = fields.get(versionKey);
    // A removed package leaves its stanza while its configuration stays; distroless writes no status.
    const isInstalled = fields.get('Status')?.endsWith(' installed') ?? true;
    if (name && version && isInstalled) into.set(name.trim(), version.trim());
  }
}
