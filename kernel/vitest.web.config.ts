/**
 * The op suite over onnxruntime-web: the same tests, with `#runtime` resolved as a browser resolves it. In Node's own
 * WebAssembly, which the files share, since compiling it takes seconds.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

const web = fileURLToPath(new URL('./engine/runtime/web.ts', import.meta.url));

export default mergeConfig(
  base,
  defineConfig({
    resolve: { alias: { '#runtime': web } },
    test: { isolate: false, env: { NEURONBOOK_TEST_RUNTIME: 'web' } },
  }),
);
