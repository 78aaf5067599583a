// The shell and its utilities against what dash, bash and GNU's print, word for word; test/system/shell.test.ts proves the tables against the real ones.
import { describe, expect, it } from 'vitest';
import { runSnippet, type Snippet } from './snippet.ts';
import { BASH } from './snippets-bash.ts';
import { ENDINGS } from './snippets-endings.ts';
import { OWNERS } from './snippets-owners.ts';
import { STREAMS } from './snippets-streams.ts';
import { UTILITIES } from './snippets-utilities.ts';
import { WORDS } from './snippets-words.ts';

const TABLES: Readonly<Record<string, readonly Snippet[]>> = { WORDS, STREAMS, ENDINGS, UTILITIES, OWNERS, BASH };

describe.each(Object.entries(TABLES))('%s', (name, snippets) => {
  it.each(snippets.map(([script, stdout, status = 0]) => ({ script, stdout, status })))('$script', (snippet) => {
    const { stdout, status } = runSnippet(snippet.script, name === 'BASH' ? 'bash' : 'sh');
    expect({ stdout, status }).toEqual({ stdout: snippet.stdout, status: snippet.status });
  });
});
