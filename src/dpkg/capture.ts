// Which files of a base are read for the sake of Debian packages: the package database, the package sources, and what maintainer scripts look at.

/** A full database of lists and checksums has some megabytes, in files of which the largest have a few. */
const DATABASE_LIMIT_BYTES = 16 << 20;
/** Settings, keyrings and certificate bundles. */
const SETTINGS_LIMIT_BYTES = 1 << 20;

const SETTINGS = [
  'etc/',
  'usr/share/keyrings/',
  'usr/share/ca-certificates/',
  'usr/local/share/ca-certificates/',
  'usr/share/debianutils/',
  'usr/share/base-passwd/',
  'usr/lib/sysusers.d/',
  'usr/lib/tmpfiles.d/',
  'usr/lib/systemd/system/',
  'var/lib/apt/extended_states',
  'var/lib/systemd/',
  'var/lib/pam/',
  'var/lib/shells.state',
  'var/lib/ucf/',
  'var/cache/debconf/',
];

/** Of Debian's own, those that are shell scripts and that scripts of packages call: they are interpreted too. */
const SCRIPTS =
  /^usr\/s?bin\/(?:add-shell|remove-shell|update-shells|shadowconfig|savelog|which|which\.debianutils|locale-gen|update-ca-certificates|update-fonts-[a-z]+|update-xmlcatalog|ucf|lcf)$/;
const SCRIPT_LIMIT_BYTES = 256 << 10;

/** How many bytes of a base's file must be kept for installing packages, or undefined when it is not needed. */
export function captureForDebian(path: string): number | undefined {
  if (path.startsWith('var/lib/dpkg/')) return DATABASE_LIMIT_BYTES;
  if (SCRIPTS.test(path)) return SCRIPT_LIMIT_BYTES;
  return SETTINGS.some((prefix) => path.startsWith(prefix)) ? SETTINGS_LIMIT_BYTES : undefined;
}
