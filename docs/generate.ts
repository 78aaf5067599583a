// Writes the manual pages that follow from the source; with --check says which are stale instead.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_CODES } from '../src/core/error.ts';
import { jsonSchema } from '../src/spec/json-schema.ts';
import { specReference } from '../src/spec/reference-page.ts';

function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { exit, retryable, manual }]) => `| \`${code}\` | ${exit} | ${retryable ? 'yes' : ''} | ${manual} |`,
  );
  return `# Errors

Every failure that is not a bug has a code. Programs match \`error.code\`, people read the message and the hint. Exit status: 1 failed, 2 wrong usage or spec, 130 interrupted. "Again" marks failures that the same call may not meet a second time.

| code | exit | again | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const pages: Readonly<Record<string, string>> = {
  'errors.md': errorsPage(),
  'spec.md': specReference(),
  'imagespec.schema.json': `${JSON.stringify(jsonSchema(), undefined, 2)}\n`,
};

for (const [name, text] of Object.entries(pages)) {
  const file = join(import.meta.dirname, name);
  if (!process.argv.includes('--check')) {
    await writeFile(file, text);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`docs/${name} is stale: run npm run generate`);
    process.exitCode = 1;
  }
}
