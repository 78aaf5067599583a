import { describe, expect, it } from 'vitest';
import { redactText, redactUrl } from '../../src/core/redact.ts';

describe('redactUrl', () => {
  it.each([
    ['https://user:secret@host:5000/a/b?sig=secret#secret', 'https://host:5000/a/b?…'],
    ['https://host/a', 'https://host/a'],
    ['https://secret@host/a', 'https://host/a'],
    ['http://user:secret@[not a host/a?x=secret', 'http://[not a host/a'],
  ])('%s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });

  it('takes parsed addresses', () => {
    expect(redactUrl(new URL('https://u:secret@host/'))).toBe('https://host/');
  });
});

describe('redactText', () => {
  it('hides the user info of every address', () => {
    const text = 'tried https://user:secret@host/a and git+ssh://secret@other/b, then https://host/c?mail=a@b';
    const hidden = 'tried https://***@host/a and git+ssh://***@other/b, then https://host/c?mail=a@b';
    expect(redactText(text)).toBe(hidden);
  });

  it('hides passwords with an @ in them', () => {
    expect(redactText('https://user:p@secret@host/a')).toBe('https://***@host/a');
  });
});
