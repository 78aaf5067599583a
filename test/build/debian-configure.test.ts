import { describe, expect, it } from 'vitest';
import { orRefuse, requireDpkg } from '../../src/build/debian-configure.ts';
import { ImageSpecError } from '../../src/core/error.ts';
import type { Deferred } from '../../src/dpkg/deferral.ts';
import type { BaseEntry, BaseFacts } from '../../src/filesystem/facts.ts';
import { expectCode } from '../expect-code.ts';

const why = new Error('perl');
const reason = new ImageSpecError(
  'CONFIGURE_UNSUPPORTED',
  'The postinst script of needy 1.0 cannot be carried out: perl',
  {
    hint: 'Leave it.',
    facts: { package: 'needy' },
    issues: ['said'],
    cause: why,
  },
);
const deferred: Deferred = { steps: [], packages: ['needy'], reason };

function factsOf(...paths: readonly string[]): BaseFacts {
  const about = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
  const entries = paths.map((path): [string, BaseEntry] => [path, { ...about, type: 'file' }]);
  const bin: [string, BaseEntry] = ['bin', { ...about, type: 'symlink', target: 'usr/bin' }];
  return { entries: new Map([bin, ...entries]), captured: new Map() };
}

describe('requireDpkg', () => {
  it('wants dpkg and a shell, wherever links lead to them', () => {
    expect(() => requireDpkg(factsOf('usr/bin/dpkg', 'usr/bin/sh'), deferred)).not.toThrow();
  });

  it.each([
    ['/usr/bin/dpkg', ['usr/bin/sh']],
    ['/bin/sh', ['usr/bin/dpkg']],
  ])('refuses the package where there is no %s', async (missing, paths) => {
    const error = await expectCode(() => requireDpkg(factsOf(...paths), deferred), 'CONFIGURE_UNSUPPORTED');
    expect(error).toMatchObject({ message: reason.message, facts: reason.facts, issues: ['said'], cause: why });
    expect(error.hint).toContain(`the image has no ${missing}`);
    expect(error.hint).toMatch(/apt_essential: true.*apt_configure: never/);
  });
});

describe('orRefuse', () => {
  it('gives what the work gives', async () => {
    expect(await orRefuse(deferred, () => Promise.resolve(1))).toBe(1);
  });

  it.each(['PLATFORM_FOREIGN', 'SANDBOX_UNAVAILABLE'] as const)(
    'refuses the package for %s, and says what is missing',
    async (code) => {
      const lacking = new ImageSpecError(code, 'This host has no legs', { hint: 'Grow some.' });
      const error = await expectCode(() => orRefuse(deferred, () => Promise.reject(lacking)), 'CONFIGURE_UNSUPPORTED');
      expect(error).toMatchObject({ message: reason.message, cause: lacking });
      expect(error.hint).toMatch(/This host has no legs\. Grow some\. .*apt_configure: never/);
    },
  );

  it('lets everything else pass', async () => {
    const other = new ImageSpecError('DISK_FULL', 'No space');
    expect(await expectCode(() => orRefuse(deferred, () => Promise.reject(other)), 'DISK_FULL')).toBe(other);
  });
});
