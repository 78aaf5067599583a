// apt's files for tests: by path, as text or bytes.
import type { AptFolder } from '../../src/apt/apt-folder.ts';

export function aptFiles(files: Readonly<Record<string, string | Uint8Array>>): AptFolder {
  return {
    list: (path) => [
      ...new Set(
        Object.keys(files).flatMap((file) =>
          file.startsWith(`${path}/`) ? [file.slice(path.length + 1).split('/')[0]!] : [],
        ),
      ),
    ],
    read: (path) => {
      const content = files[path];
      return content === undefined ? undefined : Buffer.from(content);
    },
  };
}
