/** `#runtime` in a browser: onnxruntime-web on WebAssembly, with threads where the page is cross-origin isolated. */
import { native } from '../../base/host.ts';
import { runtimeError } from './error.ts';
import { wrapSession } from './session.ts';
import type { CreateSession } from './types.ts';

/** More than four WebAssembly threads cost more to start than they bring on graphs of this size. */
function defaultThreads(): number {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
  return isolated ? Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
}

export const createSession: CreateSession = async (
  bytes,
  { threads = defaultThreads(), optimize = 'all' } = {},
) => {
  const ort = await import('onnxruntime-web/wasm');
  // read once, before the first session starts WebAssembly
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'fatal';
  try {
    const options = {
      executionProviders: ['wasm'],
      graphOptimizationLevel: optimize,
      logSeverityLevel: 4,
    } as const;
    return wrapSession(await native(() => ort.InferenceSession.create(bytes, options)), ort.Tensor, 'copied');
  } catch (error) {
    throw runtimeError(error, 'create');
  }
};
