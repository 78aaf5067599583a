import { describe, expect, it } from 'vitest';
import { venvEntries, venvLayout } from '../../src/python/venv.ts';
import { interpreterOf } from './targets.ts';

describe('a virtual environment', () => {
  it('lies under its root by version', () => {
    expect(venvLayout(interpreterOf('3.12.1'), '/opt/venv')).toEqual({
      root: '/opt/venv',
      version: '3.12',
      python: '/opt/venv/bin/python',
      sitePackages: 'lib/python3.12/site-packages',
      include: 'include/site/python3.12',
    });
  });

  it('has folders of its own without the GIL', () => {
    const interpreter = interpreterOf('3.13.0', { freeThreaded: true });
    const layout = venvLayout(interpreter, '/opt/venv');
    expect(layout.sitePackages).toBe('lib/python3.13t/site-packages');
    const paths = venvEntries(layout, interpreter).map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['opt/venv/bin/python3.13', 'opt/venv/bin/python3.13t']));
  });

  it('is pyvenv.cfg, links to the interpreter and an empty site-packages (PEP 405)', () => {
    const interpreter = interpreterOf('3.12.1');
    const entries = venvEntries(venvLayout(interpreter, '/opt/venv'), interpreter);
    const lines = entries.map((entry) => `${entry.path}${entry.type === 'symlink' ? ` -> ${entry.target}` : ''}`);
    expect(lines).toEqual([
      'opt/venv',
      'opt/venv/bin',
      'opt/venv/lib/python3.12/site-packages',
      'opt/venv/pyvenv.cfg',
      'opt/venv/bin/python -> /usr/local/bin/python3.12',
      'opt/venv/bin/python3 -> python',
      'opt/venv/bin/python3.12 -> python',
      'opt/venv/lib64 -> lib',
    ]);
    const config = entries.find(({ path }) => path.endsWith('pyvenv.cfg'));
    const bytes = config?.type === 'file' && config.content.kind === 'inline' ? config.content.bytes : undefined;
    expect(new TextDecoder().decode(bytes).split('\n')).toEqual([
      'home = /usr/local/bin',
      'implementation = CPython',
      'version_info = 3.12.1',
      'include-system-site-packages = false',
      '',
    ]);
  });
});
