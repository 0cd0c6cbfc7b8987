#!/usr/bin/env node
/** The command's entry: committed, so that npm can link it before anything is built. */
import { existsSync } from 'node:fs';

const entry = new URL('../dist/cli/index.js', import.meta.url);
if (!existsSync(entry)) {
  process.stderr.write('neuronbook is not built; run npm run build\n');
  process.exit(1);
}
await import(entry.href);
