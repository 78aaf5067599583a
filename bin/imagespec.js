#!/usr/bin/env node
// Older Nodes must be able to read this file: it says what is missing instead of failing on newer syntax.
import module from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`imagespec needs Node.js 22.19 or newer, but this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  module.enableCompileCache();
  const { main } = await import('../dist/cli/main.js');
  await main(process.argv.slice(2));
}
