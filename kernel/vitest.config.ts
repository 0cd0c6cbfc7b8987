/** Unit, structure and op tests run on the sources: the `@neuronbook/source` condition skips `dist`. */
import { defineConfig } from 'vitest/config';

const conditions = ['@neuronbook/source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // two workers with two threads each would mostly wait for one another
    env: { NEURONBOOK_THREADS: process.env.NEURONBOOK_THREADS ?? '1' },
  },
});
