// What the host can do, for people and for programs.
import { examine } from '../build/doctor.ts';
import type { SandboxMaker } from '../build/sandbox.ts';
import { withSandbox } from '../build/sandbox.ts';
import type { CommonOptions, Session } from './session.ts';

export interface DoctorFlags extends CommonOptions {
  readonly sandbox?: SandboxMaker;
}

const MARKS = { good: 'ok', partly: 'partly', bad: 'no' } as const;

/** Fails when something is bad, so that a script can ask. */
export async function runDoctor(flags: DoctorFlags, { environment, result, exitWith }: Session): Promise<void> {
  const findings = await examine(withSandbox(environment, flags.sandbox), flags.cacheDir);
  const lines = findings.flatMap(({ about, state, text, hint }) => [
    `${MARKS[state].padEnd(6)}  ${about.padEnd(9)}  ${text}`,
    ...(hint === undefined ? [] : [`${' '.repeat(19)}${hint}`]),
  ]);
  result(flags.json ? `${JSON.stringify({ findings })}\n` : `${lines.join('\n')}\n`);
  if (findings.some(({ state }) => state === 'bad')) exitWith(1);
}
