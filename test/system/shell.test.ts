// The tables that the shell's unit tests expect, run by the machine's own dash, bash and utilities in an empty folder.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Snippet } from '../shell/snippet.ts';
import { BASH } from '../shell/snippets-bash.ts';
import { ENDINGS } from '../shell/snippets-endings.ts';
import { OWNERS } from '../shell/snippets-owners.ts';
import { STREAMS } from '../shell/snippets-streams.ts';
import { UTILITIES } from '../shell/snippets-utilities.ts';
import { WORDS } from '../shell/snippets-words.ts';

const isRoot = process.getuid?.() === 0;
const TABLES: Readonly<Record<string, readonly Snippet[]>> = {
  WORDS,
  STREAMS,
  ENDINGS,
  UTILITIES,
  BASH,
  // Owners can only be given away by root.
  ...(isRoot && { OWNERS }),
};

function runReal(shell: 'bash' | 'dash', script: string): { stdout: string; status: number | null } {
  const cwd = mkdtempSync(join(tmpdir(), 'snippet-'));
  try {
    const env = { PATH: '/usr/bin:/bin', HOME: '/root', LC_ALL: 'C' };
    const argv = ['-c', `umask 022; exec 2>/dev/null\n${script}`, 'sh', 'p', 'q r'];
    const { stdout, status } = spawnSync(`/bin/${shell}`, argv, { cwd, env, encoding: 'utf8', input: '' });
    return { stdout, status };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

describe.each(Object.entries(TABLES))('%s of the real shell', (name, snippets) => {
  it.each(snippets.map(([script, stdout, status = 0]) => ({ script, stdout, status })))('$script', (snippet) => {
    expect(runReal(name === 'BASH' ? 'bash' : 'dash', snippet.script)).toEqual({
      stdout: snippet.stdout,
      status: snippet.status,
    });
  });
});
