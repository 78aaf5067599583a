// A program that answers uv's question about an interpreter for one that is not on this machine: uv never notices that there is no Python.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Interpreter } from './interpreter.ts';
import { minorVersion } from './interpreter.ts';
import { markerEnvironment } from './markers.ts';

/**
 * Writes the program and returns its host path. The answer has the keys that uv 0.13 reads from its own `get_interpreter_info.py`; with a
 * version that wants others, uv fails and names the key. It is a shell script, since a host with nothing else has `/bin/sh`.
 * @param folder host path; must not be used for another target, since uv keeps answers by path and change time
 */
export async function writeStandIn(folder: string, interpreter: Interpreter): Promise<string> {
  const path = join(folder, 'python3');
  // Quoted here-document: the shell expands nothing in it, and JSON holds no line of its own that could end it.
  const script = `#!/bin/sh\nwhile read -r line; do printf '%s\\n' "$line"; done <<'END'\n${describe(interpreter)}\nEND\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

function describe(interpreter: Interpreter): string {
  const { version, path, prefix, machine, libc, freeThreaded } = interpreter;
  const minor = minorVersion(version);
  const sitePackages = `${prefix}/lib/python${minor}/site-packages`;
  const { extra: _, ...markers } = markerEnvironment(interpreter).values;
  return JSON.stringify({
    result: 'success',
    markers,
    sys_base_prefix: prefix,
    sys_base_exec_prefix: prefix,
    sys_prefix: prefix,
    sys_base_executable: path,
    sys_executable: path,
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
