// `node test/system/ground/setup.ts`: installs what the system tests need; a second run takes a second.
import { BASE_NAMES, makeBase } from './bases.ts';
import { installTools, plainUser } from './tools.ts';

const started = performance.now();
const say = (text: string): void =>
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

await installTools();
say('tools');
await plainUser();
for (const name of BASE_NAMES) {
  await makeBase(name);
  say(`base ${name}`);
}
