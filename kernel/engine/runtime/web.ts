/**
 * `#runtime` in a browser: onnxruntime-web. WebAssembly computes, with threads where the page is cross-origin
 * isolated; the graphics card does where `providers` says `webgpu`, and of itself where a graph is large.
 */
import type { InferenceSession, TensorConstructor } from 'onnxruntime-common';
import type * as Ort from 'onnxruntime-web';
import { native } from '../../base/host.ts';
import { runtimeError } from './error.ts';
import { withProviders, type Provider } from './providers.ts';
import { wrapSession } from './session.ts';
import { configuration, type CreateSession, type Session } from './types.ts';

/** Bytes of weights from which a card pays off: its script is 12 MB longer, and each run waits for it. */
const LARGE = 32e6;

interface Gpu {
  requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null>;
}

/** The card that WebGPU finds, if there is one; software that plays one counts only where it was asked for. */
async function adapter({ software }: { software: boolean }): Promise<boolean> {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: Gpu };
  const found = await gpu?.requestAdapter().catch(() => null);
  return Boolean(found && (software || !found.info?.isFallbackAdapter));
}

/** Where a graph with so many bytes of weights is best computed, when nobody said. */
export const preferredProviders = async (bytes: number): Promise<readonly Provider[] | undefined> =>
  bytes >= LARGE && (await adapter({ software: false })) ? ['webgpu'] : undefined;

/** More than four WebAssembly threads cost more to start than they bring on graphs of this size. */
function defaultThreads(): number {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
  return isolated ? Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
}

/** WebGPU's build of ONNX Runtime is twice as large as that of WebAssembly alone, so it comes only where it is used. */
const load = (webgpu: boolean): Promise<typeof Ort> =>
  webgpu ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm');

export const createSession: CreateSession = async (
  bytes,
  { threads = defaultThreads(), optimize = 'all', providers, fuseQuantized = true } = {},
) => {
  const wanted = providers?.includes('webgpu') ?? false;
  const has = wanted && (await adapter({ software: true })) ? ['webgpu', 'wasm'] : ['wasm'];
  try {
    return await withProviders(providers, has, 'wasm', async executionProviders => {
      const webgpu = executionProviders.includes('webgpu');
      const ort = await load(webgpu);
      // read once, before the first session starts WebAssembly
      ort.env.wasm.numThreads = threads;
      ort.env.logLevel = 'fatal';
      const options = {
        executionProviders,
        graphOptimizationLevel: optimize,
        logSeverityLevel: 4,
        ...configuration(fuseQuantized),
      } as const;
      const create = () => native(() => ort.InferenceSession.create(bytes, options));
      return webgpu
        ? inTurns(await turn(create), ort.Tensor)
        : wrapSession(await create(), ort.Tensor, 'copied');
    });
  } catch (error) {
    throw runtimeError(error, 'create');
  }
};

let last: Promise<unknown> = Promise.resolve();

/** What runs on the card waits for what runs there: ONNX Runtime refuses two at once. */
function turn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work);
  last = mine.catch(() => {});
  return mine;
}

function inTurns(session: InferenceSession, tensor: TensorConstructor): Session {
  const wrapped = wrapSession(session, tensor, 'copied');
  return {
    ...wrapped,
    run: (feeds, fetches) => turn(() => wrapped.run(feeds, fetches)),
    release: () => turn(() => wrapped.release()),
  };
}
