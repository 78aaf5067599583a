import { describe, expect, it } from 'vitest';
import { indexUrlsOfUvConfig, parsePipConfig } from '../../src/python/index-config.ts';
import { expectCode } from '../expect-code.ts';

describe('pip.conf', () => {
  it('names indexes, the section of the command last', () => {
    const text = `
# comment
[global]
timeout = 60
index-url = https://me:x@a.example/simple
extra-index-url =
    https://b.example/simple
    ; not this one
    https://c.example/simple
[freeze]
index-url = https://other.example/
[install]
index_url: https://d.example/simple
`;
    expect(parsePipConfig(text, 'x')).toEqual({
      indexUrl: 'https://d.example/simple',
      extraIndexUrls: ['https://b.example/simple', 'https://c.example/simple'],
    });
  });

  it('may say nothing of them', () => {
    expect(parsePipConfig('', 'x')).toEqual({ indexUrl: undefined, extraIndexUrls: [] });
    expect(parsePipConfig('[global]\r\nindex-url =\r\n', 'x').indexUrl).toBeUndefined();
  });

  it.each(['no-index = true', 'trusted_host = a.example', 'find-links = /x', 'proxy = http://x'])(
    'is refused for %s',
    async (line) => {
      const error = await expectCode(() => parsePipConfig(`[global]\n${line}\n`, 'The file x'), 'NOT_SUPPORTED');
      expect(error.message).toMatch(/^The file x has the option [a-z-]+, which is not followed yet$/);
    },
  );

  it.each(['index-url = https://me:secret@a.example', '[global]\nsecret', '[global]\nindex-url = //me:secret@a'])(
    'is refused for %j, without its words',
    async (text) => {
      const error = await expectCode(() => parsePipConfig(text, 'The file x'), 'REQUIREMENTS_INVALID');
      expect(error.message).not.toContain('secret');
    },
  );
});

describe('uv.toml', () => {
  it('names indexes in every form', () => {
    const text = `
index-url = "https://a.example"
extra-index-url = ["https://b.example"]
[[index]]
name = "c"
url = "https://c.example"
[pip]
index-url = "https://d.example"
`;
    expect(indexUrlsOfUvConfig(text, 'x')).toEqual([
      'https://a.example',
      'https://b.example',
      'https://c.example',
      'https://d.example',
    ]);
  });

  it('is refused without its words', async () => {
    const error = await expectCode(() => indexUrlsOfUvConfig('secret', 'The file x'), 'REQUIREMENTS_INVALID');
    expect(error.message).toBe('The file x is not TOML');
    expect(error.cause).toBeUndefined();
  });
});
