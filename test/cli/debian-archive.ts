// A small signed archive of Debian packages on loopback, and a project that takes packages from it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ArchiveKey, ArchiveOptions, ArchivePackage, FakeMirror, MirrorOptions } from '../apt/fake-mirror.ts';
import { makeArchive, makeArchiveKey, testMirror } from '../apt/fake-mirror.ts';
import type { DebOptions } from '../deb/make-deb.ts';
import { makeDeb } from '../deb/make-deb.ts';
import type { Project } from './project.ts';
import { createProject } from './project.ts';

const SCRIPT = '#!/bin/sh\nset -e\n';

/** What an image from nothing starts with, in the least form. */
const BASE: readonly DebOptions[] = [
  {
    name: 'base-files',
    entries: [
      { path: 'tmp', type: 'directory', mode: 0o1777 },
      { path: 'etc/debian_version', content: '12\n' },
    ],
  },
  {
    name: 'base-passwd',
    members: {
      postinst: `${SCRIPT}echo 'root:x:0:0:root:/root:/bin/sh' > /etc/passwd; echo 'root:x:0:' > /etc/group\n`,
    },
  },
];

/** A library that a tool needs, a tool with a script, and a few that give trouble. */
export const PACKAGES: readonly DebOptions[] = [
  ...BASE,
  {
    name: 'libtool1',
    fields: { 'Multi-Arch': 'same' },
    entries: [{ path: 'usr/lib/libtool.so.1', content: 'library' }],
  },
  {
    name: 'tool',
    version: '1:2.0-1',
    fields: { Depends: 'libtool1 (>= 1.0)' },
    entries: [
      { path: 'bin/tool', content: '#!/bin/sh\n', mode: 0o755 },
      { path: 'etc/tool.conf', content: 'a=1\n' },
    ],
    members: { conffiles: '/etc/tool.conf\n', postinst: `${SCRIPT}ln -s tool /usr/bin/tool-alias\n` },
  },
  { name: 'needs-none', fields: { Depends: 'tool, nothing-provides-this (>= 3)' } },
  { name: 'rival', fields: { Conflicts: 'tool' } },
  { name: 'thief', entries: [{ path: 'bin/tool', content: 'other' }] },
  {
    name: 'needy',
    entries: [{ path: 'usr/bin/update-mime-database', content: '\x7fELF', mode: 0o755 }],
    members: { postinst: `${SCRIPT}update-mime-database /usr/share/mime\n` },
  },
];

/** Hostile although its hash is right. */
export const HOSTILE: DebOptions = { name: 'hostile', entries: [{ path: './../../etc/escaped', content: 'x' }] };

export function archivePackage(options: DebOptions): ArchivePackage {
  const { name = 'demo', version = '1.0', architecture = 'amd64', fields = {} } = options;
  const control = { Package: name, Version: version, Architecture: architecture, ...fields };
  return { control, deb: makeDeb(options) };
}

/** The same for amd64 and for arm64. */
export const forBoth = (options: DebOptions): ArchivePackage[] =>
  ['amd64', 'arm64'].map((architecture) => archivePackage({ ...options, architecture }));

export interface DebianProject extends Project {
  readonly mirror: FakeMirror;
  readonly key: ArchiveKey;
  /** `apt_sources` for this mirror, with its key beside the spec. */
  readonly sources: readonly unknown[];
  /** From now on the mirror serves another archive. */
  readonly publish: (archive: Partial<ArchiveOptions>) => Promise<void>;
  /** Writes a spec of an image from nothing with these packages. */
  readonly want: (packages: readonly string[], more?: Readonly<Record<string, unknown>>) => Promise<void>;
}

let madeKey: Promise<ArchiveKey> | undefined;
const sharedKey = (): Promise<ArchiveKey> => (madeKey ??= makeArchiveKey());

/** Everything for amd64, and the same for arm64. */
export async function debianProject(
  archive: Partial<ArchiveOptions> = {},
  options: MirrorOptions = {},
): Promise<DebianProject> {
  const project = await createProject();
  onTestFinished(project.remove);
  const key = await sharedKey();
  const packages = PACKAGES.flatMap(forBoth);
  const files = new Map<string, Buffer>();
  const publish = async (own: Partial<ArchiveOptions>): Promise<void> => {
    const made = await makeArchive({ packages, keys: [key], architectures: ['amd64', 'arm64'], ...own });
    files.clear();
    for (const [path, bytes] of made) files.set(path, bytes);
  };
  await publish(archive);
  const mirror = await testMirror(files, options);
  await writeFile(join(project.folder, 'key.asc'), key.public);
  const sources = [{ uris: [mirror.uri], suites: ['bookworm'], components: ['main'], signed_by: 'key.asc' }];
  const want: DebianProject['want'] = (names, more = {}) =>
    project.spec({ base_image: 'scratch', apt_packages: names, apt_sources: sources, ...more });
  return { ...project, mirror, key, sources, publish, want };
}
