/** One flat configuration for everything; rules that need types run on the TypeScript of each project. */
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const built = [
  'lib',
  'labextension',
  'kernel/dist',
  'dist',
  '.cache',
  '.venv*',
  '.bench-venv',
  '**/test-results',
];
const node = {
  Buffer: 'readonly',
  clearTimeout: 'readonly',
  console: 'readonly',
  fetch: 'readonly',
  performance: 'readonly',
  process: 'readonly',
  setTimeout: 'readonly',
  URL: 'readonly',
};

export default defineConfig(
  globalIgnores([...built, 'notebooks', '**/node_modules', '**/playwright-report']),
  js.configs.recommended,
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: node } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
      'no-sparse-arrays': 'off', // tables by output leave the place of an output that they do not speak of
    },
  },
  {
    // The library answers with values and the extension with views: neither writes to a console of its own accord.
    files: ['kernel/**/*.ts', 'extension/**/*.ts'],
    ignores: ['**/*.test.ts', 'kernel/cli/**', 'kernel/zoo/**', 'kernel/base/host.ts', 'kernel/main.ts'],
    rules: { 'no-console': 'error' },
  },
);
