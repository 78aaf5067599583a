import { describe, expect, it } from 'vitest';
import type { EnvRequest } from '../../src/run/env.ts';
import { programEnv } from '../../src/run/env.ts';
import { expectCode } from '../expect-code.ts';

const env = (more: Partial<EnvRequest>): Record<string, string> =>
  Object.fromEntries(
    programEnv({ image: [], options: [], home: '/root', terminal: undefined, host: { HERE: 'host' }, ...more }),
  );
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

describe('programEnv', () => {
  it('is PATH and HOME where the image says nothing, and nothing of the host', () => {
    expect(env({})).toEqual({ PATH, HOME: '/root' });
  });

  it('lets the image and then the options win', () => {
    expect(env({ image: ['PATH=/bin', 'A=1', 'B=x=y', 'HOME=/own'], options: ['A=2'], terminal: 'vt100' })).toEqual({
      PATH: '/bin',
      TERM: 'vt100',
      A: '2',
      B: 'x=y',
      HOME: '/own',
    });
  });

  it('takes a name alone from the host, if the host has it', () => {
    expect(env({ options: ['HERE', 'NOT_HERE', 'EMPTY='] })).toEqual({ PATH, HERE: 'host', EMPTY: '', HOME: '/root' });
  });

  it.each(['', '=value'])('refuses "%s"', async (option) => {
    await expectCode(() => env({ options: [option] }), 'USAGE');
  });
});
