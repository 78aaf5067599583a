// A program that answers uv's question about an interpreter for one that is not on this machine: uv never notices that there is no Python.
// What uv would have it run, which are the hooks of build backends (PEP 517), is handed to us, to be run where the real one is.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Interpreter } from './interpreter.ts';
import { minorVersion } from './interpreter.ts';
import { markerEnvironment } from './markers.ts';

/** uv's environments for builds link to the program: so it is known by which name it was called. */
const IS_CALL = `case "$0" in */bin/python*)`;

const REFUSE = `${IS_CALL} echo 'Nothing is built here' >&2; exit 1;; esac`;

/** Words, folder and variables of a call go to a folder of its own, whose name is told on file 3; its `end` brings the status. */
const CALL = `${IS_CALL}
  set -e
  call=$(mktemp -d "$(dirname "$(readlink -f "$0")")/call-XXXXXX")
  for word; do printf '%s\\0' "$word"; done > "$call/words"
  printf '%s\\0' "$(pwd)" "$VIRTUAL_ENV" "$UV_INTERNAL__BUILD_DIR" > "$call/folders"
  mkfifo "$call/end"
  echo "\${call##*/}" >&3
  read -r status < "$call/end"
  cat "$call/output" >&2
  exit "$status" ;;
esac`;

/**
 * Writes the program and returns its host path. The answer has the keys that uv 0.13 reads from its own `get_interpreter_info.py`; with a
 * version that wants others, uv fails and names the key. It is a shell script, since a host with nothing else has `/bin/sh`.
 * @param folder host path; must not be used for another target, since uv keeps answers by path and change time
 * @param calls whether hooks fail at once, or are told to `answerCalls`
 */
export async function writeStandIn(
  folder: string,
  interpreter: Interpreter,
  calls: 'refused' | 'told',
): Promise<string> {
  const path = join(folder, 'python3');
  // Quoted here-document: the shell expands nothing in it, and JSON holds no line of its own that could end it.
  const answer = `while read -r line; do printf '%s\\n' "$line"; done <<'END'\n${describe(interpreter, path)}\nEND`;
  const script = `#!/bin/sh\n${calls === 'told' ? CALL : REFUSE}\n${answer}\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

/** @param self the program is the interpreter for uv: a path of the image could be one of this host, which must run nothing */
function describe(interpreter: Interpreter, self: string): string {
  const { version, prefix, machine, libc, freeThreaded } = interpreter;
  const minor = minorVersion(version);
  const sitePackages = `${prefix}/lib/python${minor}/site-packages`;
  const { extra: _, ...markers } = markerEnvironment(interpreter).values;
  return JSON.stringify({
    result: 'success',
    markers,
    sys_base_prefix: prefix,
    sys_base_exec_prefix: prefix,
    sys_prefix: prefix,
    sys_base_executable: self,
    sys_executable: self,
    sys_path: [],
    site_packages: [sitePackages],
    stdlib: `${prefix}/lib/python${minor}`,
    extension_suffixes: ['.so'],
    standalone: false,
    scheme: {
      platlib: sitePackages,
      purelib: sitePackages,
      include: `${prefix}/include/python${minor}`,
      scripts: `${prefix}/bin`,
      data: prefix,
    },
    virtualenv: {
      purelib: `lib/python${minor}/site-packages`,
      platlib: `lib/python${minor}/site-packages`,
      include: `include/site/python${minor}`,
      scripts: 'bin',
      data: '',
    },
    os: { name: libc.kind === 'glibc' ? 'manylinux' : 'musllinux', major: libc.major, minor: libc.minor },
    arch: machine,
    cpu_info: { detected: { kind: 'flags', flags: '' } },
    manylinux_compatible: libc.kind === 'glibc',
    gil_disabled: freeThreaded,
    debug_enabled: false,
    pointer_size: '64',
  });
}
