#!/usr/bin/env node
// Older Nodes must be able to read this file: it says what is missing instead of failing on newer syntax.
import module from 'node:module';
import v8 from 'node:v8';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`imagespec needs Node.js 22.19 or newer, but this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  module.enableCompileCache();
  // What a build makes is mostly dropped at once: more room for it would only be dropped later (docs/decisions/0005).
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  const { main } = await import('../dist/cli/main.js');
  await main(process.argv.slice(2));
}
