#!/usr/bin/env node
/** The command's entry: committed, so that npm can link it before anything is built. */
import { existsSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 12)) {
  const found = `neuronbook needs Node 20.12 or newer, but this is Node ${process.versions.node}`;
  process.stderr.write(`${found}; install a newer one from https://nodejs.org\n`);
  process.exit(1);
}
const entry = new URL('../dist/cli/index.js', import.meta.url);
if (!existsSync(entry)) {
  process.stderr.write('neuronbook is not built; run npm run build\n');
  process.exit(1);
}
await import(entry.href);
