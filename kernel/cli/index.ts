#!/usr/bin/env node
/** The command `neuronbook`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { exportFigures, type ExportOptions } from './figure-export.ts';
import { install, type InstallOptions } from './install.ts';
import { prune, tellPruned } from './prune.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('neuronbook')
  .description('A TypeScript kernel for Jupyter that looks inside neural networks.')
  .version(version);

program
  .command('install')
  .description('put the kernel, and the JupyterLab extension where it is built, where Jupyter looks for them')
  .option('--user', 'for this user (the default)')
  .option('--sys-prefix', 'into the environment of the `python` on the path')
  .option('--prefix <folder>', 'into an environment, e.g. .venv')
  .action((options: InstallOptions) => {
    for (const line of install(options)) console.log(line);
  });

program
  .command('prune')
  .description('remove binaries of other platforms and builds for debugging from this installation')
  .option('--dry-run', 'only tell what would be removed')
  .action(({ dryRun }: { dryRun?: boolean }) => {
    for (const line of tellPruned(prune(fileURLToPath(import.meta.url), { dryRun }), dryRun))
      console.log(line);
  });

program
  .command('figure')
  .description('live figures outside of notebooks')
  .command('export')
  .description(
    'write the live figures of a notebook into one HTML file, which opens from a disk without network',
  )
  .argument('<file>', 'a notebook with saved outputs, or a figure saved as JSON')
  .option('--cell <number>', 'only those of this code cell, counted from 1', Number)
  .requiredOption('-o, --output <page>', 'the file to write')
  .action((file: string, options: ExportOptions) => {
    for (const line of exportFigures(file, options)) console.log(line);
  });

try {
  program.parse();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
