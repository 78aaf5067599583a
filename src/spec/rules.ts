// What a value of the spec must look like, field by field: each rule says what is wrong and what to write instead.
import slugify from '@sindresorhus/slugify';
import { isImageSpecError } from '../core/error.ts';
import { redactText } from '../core/redact.ts';
import { parsePlatform } from '../oci/platform.ts';
import { isTag, parseReference } from '../oci/reference.ts';
import { isProblem, readPipArguments } from '../python/pip-arguments.ts';
import { parseTransport } from '../store/transport.ts';
import type { Rule } from './finding.ts';
import { NOT_YET } from './finding.ts';
import { formatTag } from './tag.ts';

/** Longer texts are cut: a message has to stay readable. */
const LENGTH_MAX = 200;

/** On one line, without credentials. */
const shown = (text: string): string =>
  redactText(text)
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, LENGTH_MAX);
const quoted = (text: string): string => `"${shown(text)}"`;

export const filledRule: Rule<string> = (text) =>
  text === '' ? { what: 'is empty', todo: 'Give it a value, or take it out.' } : undefined;

/** No rule at all. */
export const anyRule: Rule<string> = () => undefined;

export const nameRule: Rule<string> = (name) => {
  const lower = name.toLowerCase();
  if (isRepository(lower)) return undefined;
  const parts = name
    .slice(0, LENGTH_MAX)
    .split('/')
    .map((part) => slugify(part, { decamelize: false }));
  const suggestion = parts.filter((part) => part !== '').join('/') || 'app';
  return {
    what: `cannot be ${quoted(name)}: it becomes a part of the image's name`,
    todo: `Use letters, digits and single ".", "_", "-" and "/" between them, for example "${suggestion}".`,
  };
};

function isRepository(text: string): boolean {
  try {
    const { repository, tag, digest } = parseReference(`localhost/${text}`);
    return repository === text && tag === 'latest' && digest === undefined;
  } catch {
    return false;
  }
}

/** flytekit's pattern for registries, with IPv6 hosts. */
const REGISTRY = /^(?:\[[\da-f:.]+\]|[a-z\d._-]+)(?::\d{1,5})?(?:\/[\w.-]+)*$/;

/** The registry as it stands in image names: without scheme and closing slashes, in lower case. */
export function cleanRegistry(text: string): string {
  return text
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/+$/, '')
    .toLowerCase();
}

export const registryRule: Rule<string> = (text) => {
  const registry = cleanRegistry(text);
  if (text === '' || (REGISTRY.test(registry) && isRegistry(registry))) return undefined;
  return {
    what: `cannot be ${quoted(text)}: this is not a registry`,
    todo: 'Write its host, with a port or path where needed: "ghcr.io/acme", "localhost:30000", or "docker.io/acme" for Docker Hub.',
  };
};

function isRegistry(registry: string): boolean {
  try {
    return parseReference(`${registry}/x`).tag === 'latest';
  } catch {
    return false;
  }
}

export const pythonVersionRule: Rule<string> = (text) =>
  /^3\.\d{1,2}(?:\.\d{1,3})?$/.test(text)
    ? undefined
    : {
        what: `cannot be ${quoted(text)}: it must be one version of Python 3`,
        todo: 'Write it as "3.12" or "3.12.4", in quotes.',
      };

export const baseImageRule: Rule<string> = (text) => {
  try {
    parseTransport(text);
    return undefined;
  } catch (error) {
    if (!isImageSpecError(error)) throw error;
    return {
      what: `cannot be used: ${shown(error.message)}`,
      todo: error.hint ?? 'Write for example "python:3.12-slim".',
    };
  }
};

/** Of a single platform, as it stands in the list or comma-separated text. */
export const platformRule: Rule<string> = (text) => {
  try {
    const { os } = parsePlatform(text);
    if (os === 'linux') return undefined;
    return {
      what: `${quoted(text)} ${NOT_YET}`,
      todo: 'Only images for Linux can be built, for example "linux/amd64".',
    };
  } catch (error) {
    if (!isImageSpecError(error)) throw error;
    return {
      what: `cannot be ${quoted(text)}: this is not a platform`,
      todo: 'Write OS/ARCH or OS/ARCH/VARIANT, several separated by commas: "linux/amd64,linux/arm64".',
    };
  }
};

export const copyRule: Rule<string> = (path) => {
  const parts = path.split(/[\\/]/);
  if (!/^(?:[\\/]|[a-z]:)/i.test(path) && !parts.includes('..')) return filledRule(path);
  return {
    what: `cannot take ${quoted(path)}: files are copied from the folder of the spec only`,
    todo: 'Write a path relative to that folder and without "..", or move the spec to a folder above the file.',
  };
};

/** Of a path below `source_root`. */
export const sourceFileRule: Rule<string> = (path) => {
  const isBelow = !path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\0');
  if (isBelow) return filledRule(path);
  return {
    what: `cannot take ${quoted(path)}: it leaves \`source_root\``,
    todo: 'Write a path relative to that folder and without "..", for example "app/main.py".',
  };
};

export const sourceRootRule: Rule<string> = (path) =>
  path.includes('\0')
    ? { what: `cannot be ${quoted(path)}: this is not a path`, todo: 'Take the NUL character out.' }
    : undefined;

export const urlRule: Rule<string> = (text) => {
  const { protocol } = URL.parse(text) ?? {};
  if (protocol === 'https:' || protocol === 'http:' || protocol === 'file:') return undefined;
  return {
    what: 'must be the URL of a package index',
    todo: 'Write it with https:// in front, for example "https://index.example/simple".',
  };
};

/** Policy 5.6.7 for names; versions as deb-version(7), suites as directories of an archive. */
const APT_PACKAGE = /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?(?:=[A-Za-z0-9.+~:-]+|\/[\w.~-]+)?$/;

export const aptPackageRule: Rule<string> = (text) =>
  APT_PACKAGE.test(text)
    ? undefined
    : {
        what: `cannot be ${quoted(text)}: this is not the name of a Debian package`,
        todo: 'Write one package per item, with a version or suite where needed: "git", "git=1:2.39.5-0+deb12u2", "git/bookworm-backports".',
      };

/** Of a source as it stands in sources.list(5). */
export const aptLineRule: Rule<string> = (text) =>
  /^deb(?:\s+\[[^\]]*\])?\s+\S+\s+\S+/.test(text)
    ? undefined
    : {
        what: `cannot be ${quoted(text)}: this is not a package source`,
        todo: 'Write "deb URI SUITE COMPONENT…", or a mapping of uris, suites and components.',
      };

export const snapshotRule: Rule<string> = (text) =>
  /^\d{8}T\d{6}Z$/.test(text)
    ? undefined
    : { what: `cannot be ${quoted(text)}: this is not a time`, todo: 'Write it as "20260115T000000Z".' };

/** Of the place of a secret: there, and in what the image's own programs make there, nothing is hidden. */
export const secretTargetRule: Rule<string> = (path) => {
  const parts = path.split('/').slice(1);
  const isPlain = path.startsWith('/') && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (isPlain && !path.includes('\0') && !/^\/(?:proc|sys|dev)(?:\/|$)/.test(path)) return undefined;
  return {
    what: `cannot be ${quoted(path)}: this is not the path of a file in the image`,
    todo: 'Write it from the root, outside of /proc, /sys and /dev, for example "/run/secrets/token".',
  };
};

/** Variables for the loader would be arguments of a process, which everyone on the machine can read. */
export const secretVariableRule: Rule<string> = (name) =>
  /^(?!LD_|MALLOC_|GLIBC_TUNABLES$)[A-Za-z_][A-Za-z0-9_]*$/.test(name)
    ? undefined
    : {
        what: 'cannot be the variable of a secret',
        todo: 'Use letters, digits and "_"; names for the loader (LD_…) are not taken.',
      };

export const folderRule: Rule<string> = (path) =>
  path.startsWith('/') && !path.includes('\0')
    ? undefined
    : { what: `cannot be ${quoted(path)}: this is not a path from the root`, todo: 'Write for example "/srv/app".' };

export const programRule: Rule<string> = (path) =>
  folderRule(path) && { ...folderRule(path)!, todo: 'Write for example "/usr/bin/python3".' };

/** Ours tell later builds what an image is made of. */
export const annotationRule: Rule<string> = (name) =>
  name !== '' && !name.startsWith('dev.imagespec.')
    ? undefined
    : { what: `cannot have the name ${quoted(name)}`, todo: 'Names that begin with dev.imagespec. are our own.' };

/** As long as the hash of every spec. */
const SAMPLE_HASH = 'x'.repeat(22);

export const tagFormatRule: Rule<string> = (format) => {
  const tag = formatTag(format, SAMPLE_HASH);
  if (isTag(tag)) return undefined;
  return {
    what: `cannot be ${quoted(format)}: the tag would be ${quoted(tag)}`,
    todo: 'Use {spec_hash} or {spec_hash:.8} and letters, digits, "_", "." and "-", at most 128 in all: "{spec_hash}-dev".',
  };
};

export const environmentNameRule: Rule<string> = (name) =>
  /^[^=\0]+$/.test(name)
    ? undefined
    : { what: 'cannot be the name of an environment variable', todo: 'A name has at least one character and no "=".' };

export const environmentValueRule: Rule<string> = (value) =>
  value.includes('\0')
    ? { what: 'has a NUL character', todo: 'No environment variable can hold one: take it out.' }
    : undefined;

export const pipArgumentsRule: Rule<string> = (text) => {
  const read = readPipArguments(text);
  return isProblem(read) ? read : undefined;
};

/** flytekit's start of a task splits at each space. */
export const runtimePackageRule: Rule<string> = (text) => {
  if (text === '') return filledRule(text);
  if (!/\s/.test(text)) return undefined;
  return {
    what: `cannot be ${quoted(text)}: it has spaces`,
    todo: `flytekit splits there; write for example "${shown(text.replace(/\s+/g, ''))}".`,
  };
};
export const packageHintRule: Rule<string> = (text) =>
  /^[A-Za-z0-9*]([A-Za-z0-9._*-]*[A-Za-z0-9*])?$/.test(text)
    ? undefined
    : {
        what: `"${text}" is no name of a package`,
        todo: 'Write names without versions, for example torch or nvidia-*.',
      };

export const userRule: Rule<string> = (text) =>
  /^(?:[a-z_][a-z0-9_-]{0,31}|\d{1,9}(?::\d{1,9})?)$/.test(text)
    ? undefined
    : {
        what: `cannot be "${text}"`,
        todo: 'Write a name in lower case, such as app, or UID[:GID], such as 1000:1000.',
      };
