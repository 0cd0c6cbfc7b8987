/** `#runtime` in Node: onnxruntime-node. The native library is loaded with the first session. */
import { availableParallelism } from 'node:os';
import { native } from '../../base/host.ts';
import { runtimeError } from './error.ts';
import { profileFolder } from './profile.ts';
import { withProviders, type Provider } from './providers.ts';
import { wrapSession } from './session.ts';
import { configuration, type CreateSession } from './types.ts';

/** Hyper-threads do not pay off: one thread a core, where a core shows itself as two. */
function defaultThreads(): number {
  const forced = Number(process.env.NEURONBOOK_THREADS);
  if (forced >= 1) return Math.floor(forced);
  const seen = availableParallelism();
  return seen <= 2 ? seen : Math.max(2, seen >> 1);
}

async function load() {
  const ort = await import('onnxruntime-node');
  // its warnings about machines without a GPU would land in the cell's stderr
  ort.env.logLevel = 'fatal';
  return ort;
}

/** Where a graph is computed when nobody said: the processor, since a card that is there may be busy or slow. */
export const preferredProviders = async (_bytes: number): Promise<readonly Provider[] | undefined> =>
  undefined;

export const createSession: CreateSession = async (
  bytes,
  { threads = defaultThreads(), optimize = 'all', providers, profile = false, fuseQuantized = true } = {},
) => {
  const ort = await load();
  const account = profile ? await profileFolder() : undefined;
  try {
    const options = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: optimize,
      logSeverityLevel: 4,
      ...configuration(fuseQuantized),
      ...(account && { enableProfiling: true, profileFilePrefix: account.prefix }),
    } as const;
    const has = ort.listSupportedBackends().map(({ name }) => name);
    const session = await withProviders(providers, has, 'cpu', executionProviders =>
      native(() => ort.InferenceSession.create(bytes, { ...options, executionProviders })),
    );
    const wrapped = wrapSession(session, ort.Tensor, 'native');
    if (!account) return wrapped;
    return {
      ...wrapped,
      kernels() {
        session.endProfiling();
        return account.read();
      },
    };
  } catch (error) {
    throw runtimeError(error, 'create');
  }
};
