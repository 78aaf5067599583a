import { describe, expect, it } from 'vitest';
import { noProject, requireKnown, selectionOf } from '../../src/python/selection.ts';
import { expectCode } from '../expect-code.ts';

describe('extras and groups', () => {
  it('are known by their normalised names', () => {
    expect(() => requireKnown('extra', ['Dev.Tools'], ['dev-tools'], 'pyproject.toml')).not.toThrow();
  });

  it.each([
    ['cly', ['cli', 'web'], 'Did you mean "cli"?'],
    ['documentation', ['cli', 'web'], 'It has cli, web.'],
    ['cli', [], 'It has no groups.'],
  ])('that are not known are told with the nearest: %s', async (asked, known, hint) => {
    const error = await expectCode(
      () => requireKnown('group', [asked], known, '/app/pyproject.toml'),
      'REQUIREMENTS_INVALID',
    );
    expect(error.message).toBe(`/app/pyproject.toml has no group "${asked}"`);
    expect(error.hint).toBe(hint);
  });

  it('are nothing without a project', () => {
    expect(selectionOf({ packages: [], pipExtraIndexUrls: [] })).toEqual({ extras: [], groups: [] });
    expect(noProject('/app/requirements.txt').message).toContain('/app/requirements.txt has none');
    expect(noProject(undefined)).toMatchObject({ code: 'NOT_SUPPORTED' });
  });
});
