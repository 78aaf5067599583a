// `npm run bench`: one run, side by side, as ratios. Options: --rounds N, --json, --old (Debian's registry 2.8, whose sha256 is slow),
// --memory (a wheel with a member of 788 MB; ours alone, also from nothing), --debian (an image from nothing, of Debian packages), --commands (what
// a command of a build and the start of an image cost).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRegistry } from '../test/system/ground/registry.ts';
import { installTools } from '../test/system/ground/tools.ts';
import { commandParties, prepareCommands } from './command-parties.ts';
import { debianParties, prepareDebian } from './debian-parties.ts';
import type { Measure, Variables } from './measure.ts';
import { least, measure, shell } from './measure.ts';
import type { Party } from './parties.ts';
import { memoryParties, ownParties, peers } from './parties.ts';
import { prepare } from './prepare.ts';
import type { Relay } from './relay.ts';
import { startRelay } from './relay.ts';
import type { Row } from './table.ts';
import { printTable } from './table.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    debian: { type: 'boolean', default: false },
    commands: { type: 'boolean', default: false },
    old: { type: 'boolean', default: false },
  },
});

const EVERYDAY = ['numpy', 'pandas', 'scikit-learn', 'scipy', 'pydantic', 'fastapi', 'uvicorn', 'requests'];
const ONE_HUGE_FILE = ['tensorflow-cpu'];

await installTools();
const folder = await mkdtemp(join(tmpdir(), 'imagespec-bench-'));
const registry = await startRegistry(values.old ? 'distribution 2.8' : 'distribution 3');
const relay = await startRelay(registry.host);
try {
  const { parties, env } = await choose(folder, registry.host);
  const rows = await runAll(parties, env, registry.host, relay);
  console.log(values.json ? JSON.stringify(rows, undefined, 2) : printTable(rows));
} finally {
  await relay.close();
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
}

async function choose(
  place: string,
  host: string,
): Promise<{ readonly parties: readonly Party[]; readonly env: Variables }> {
  if (values.debian) {
    const ground = await prepareDebian(place);
    return { parties: await debianParties(ground), env: ground.env };
  }
  if (values.commands) {
    const ground = await prepareCommands(place);
    return { parties: await commandParties(ground), env: ground.env };
  }
  const ground = await prepare(place, host, values.memory ? ONE_HUGE_FILE : EVERYDAY);
  const parties = values.memory ? memoryParties(ground) : [...ownParties(ground), ...(await peers(ground))];
  return { parties, env: ground.env };
}

/** A round that fills caches, the measured rounds with the parties in turn, and a round through the relay that counts bytes. */
async function runAll(parties: readonly Party[], env: Variables, host: string, counter: Relay): Promise<Row[]> {
  const measures = new Map<Party, Measure[]>(parties.map((party) => [party, []]));
  const count = Number(values.rounds);
  let places = 0;
  const once = async (party: Party, at: string, inner: (command: string) => Promise<void>): Promise<void> => {
    const place = { host: at, repository: `bench-${++places}` };
    await shell(party.before(place), env);
    await inner(party.command(place));
  };
  for (let round = 0; round <= count; round++) {
    for (const party of parties) {
      await once(party, host, async (command) => {
        const one = await measure(command, env, party.times);
        if (round > 0) measures.get(party)?.push(one);
        console.error(`${round === 0 ? 'warming up' : `round ${round}`}: ${party.name}, ${one.wallSeconds} s`);
      });
    }
  }
  const rows: Row[] = [];
  for (const party of parties) {
    await once(party, counter.host, async (command) => {
      counter.sent();
      await shell(command, env);
      rows.push({ name: party.name, ...least(measures.get(party) ?? []), pushedMegabytes: counter.sent() / 1e6 });
    });
  }
  return rows;
}
