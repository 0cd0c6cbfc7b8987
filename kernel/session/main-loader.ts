/**
 * The vm option that lets cells import through Node's own loader. In Node 20 it and JSON imports are experimental and
 * say so on stderr, once a process; graders read anything on stderr as a failure (nbgrader scores such a cell 0), so
 * these two notices are dropped. All other warnings pass.
 */
import { constants } from 'node:vm';

const ours = /vm\.USE_MAIN_CONTEXT_DEFAULT_LOADER|Importing JSON modules|import attributes/i;
const key = Symbol.for('neuronbook.quiet');

export function mainLoader(): number {
  const state = globalThis as Record<symbol, unknown>;
  if (!state[key]) {
    state[key] = true;
    const emit = process.emitWarning.bind(process) as (...given: unknown[]) => void;
    process.emitWarning = (...given: unknown[]) => {
      if (ours.test(String(given[0])) && String(given[1]) === 'ExperimentalWarning') return;
      emit(...given);
    };
  }
  return constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
}
