// What a base has that a Python needs which it does not bring itself: a C library, apt's sources, and authorities to trust.
import type { BaseFacts } from '../filesystem/facts.ts';
import { resolvePath } from '../filesystem/resolve.ts';
import type { Platform } from '../oci/platform.ts';
import { installedPackages } from '../python/base-packages.ts';
import { findLibc } from '../python/find-libc.ts';
import type { Libc } from '../python/interpreter.ts';

export interface Surroundings {
  /** Of which programs can be started: its loader is there. */
  readonly libc: Libc | undefined;
  /** Whether it has dpkg's database. */
  readonly hasDpkg: boolean;
  /** Whether it says where Debian packages come from. */
  readonly hasSources: boolean;
  /** Whether there is a bundle of certificate authorities. */
  readonly hasCertificates: boolean;
}

export function readSurroundings(facts: BaseFacts, platform: Platform): Surroundings {
  return {
    libc: startableLibc(facts, platform),
    hasDpkg: isFilled(facts, 'var/lib/dpkg/status'),
    hasSources: hasSources(facts),
    hasCertificates: BUNDLES.some((path) => isFilled(facts, path)),
  };
}

/** By architecture and C library: psABI of each, and musl's own convention. Others have no managed Python. */
const LOADERS: Readonly<Record<string, Readonly<Record<Libc['kind'], string>>>> = {
  amd64: { glibc: 'lib64/ld-linux-x86-64.so.2', musl: 'lib/ld-musl-x86_64.so.1' },
  arm64: { glibc: 'lib/ld-linux-aarch64.so.1', musl: 'lib/ld-musl-aarch64.so.1' },
};

function startableLibc(facts: BaseFacts, { architecture }: Platform): Libc | undefined {
  const loaders = LOADERS[architecture];
  if (!loaders) return undefined;
  const own = findLibc(facts, installedPackages(facts));
  return isFilled(facts, loaders[own.kind]) ? own : undefined;
}

/** Where the distributions keep it (Go's crypto/x509, root_linux.go, lists the same). */
const BUNDLES = [
  'etc/ssl/certs/ca-certificates.crt',
  'etc/pki/tls/certs/ca-bundle.crt',
  'etc/ssl/ca-bundle.pem',
  'etc/pki/tls/cacert.pem',
  'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  'etc/ssl/cert.pem',
];

/** A file with something in it, or another name of one. */
function isFilled(facts: BaseFacts, path: string): boolean {
  const found = facts.entries.get(resolvePath(facts, path, { follow: true }));
  return found?.type === 'hardlink' || (found?.type === 'file' && found.size !== 0);
}

const SOURCES = /^etc\/apt\/sources\.list(?:\.d\/[^/]+\.(?:list|sources))?$/;

function hasSources(facts: BaseFacts): boolean {
  return [...facts.entries.keys()].some((path) => SOURCES.test(path) && isFilled(facts, path));
}
