/**
 * The worker behind a live figure: one graph, one question at a time. It evaluates ONNX Runtime, which the page names,
 * and nothing that came with a notebook; the graph itself is data. A script without imports, so that it also runs from a
 * page of one file.
 */
import type { Answer, Begin, Question, Run, Runtime } from './messages.ts';

/** What is used of ONNX Runtime. */
interface Ort {
  env: {
    wasm: { numThreads: number; wasmPaths?: { wasm: string }; wasmBinary?: ArrayBuffer };
    logLevel: string;
  };
  Tensor: new (dtype: string, data: unknown, dims: readonly number[]) => OrtTensor;
  InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> };
}
interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}
interface Session {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
}
interface Scope {
  onmessage: (event: { data: Question }) => void;
  postMessage(answer: Answer): void;
  navigator: { gpu?: { requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null> } };
}

const scope = globalThis as unknown as Scope;
let begun: Promise<{ ort: Ort; session: Session; most: number }>;

async function load({ script, wasm }: Runtime): Promise<Ort> {
  const ort = (await import(/* webpackIgnore: true */ /* @vite-ignore */ script)) as Ort;
  // threads of its own would need a page that is cross-origin isolated, and the graphs are small
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  if (typeof wasm === 'string') ort.env.wasm.wasmPaths = { wasm };
  else ort.env.wasm.wasmBinary = await unzipped(wasm.gzip);
  return ort;
}

async function unzipped(base64: string): Promise<ArrayBuffer> {
  const { body } = await fetch(`data:application/gzip;base64,${base64}`);
  return new Response(body!.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

/** A card, and not software that plays one. */
async function hasCard(): Promise<boolean> {
  const adapter = await scope.navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter && !adapter.info?.isFallbackAdapter);
}

async function begin({ graph, basic, webgpu, most }: Begin) {
  const start = async (runtime: Runtime, provider: string) => {
    const ort = await load(runtime);
    const options = { executionProviders: [provider], graphOptimizationLevel: 'all', logSeverityLevel: 4 };
    const session = await ort.InferenceSession.create(graph, options);
    scope.postMessage({ kind: 'ready', provider });
    return { ort, session, most };
  };
  // a card that cannot run the graph leaves it to the processor
  if (webgpu && (await hasCard())) return start(webgpu, 'webgpu').catch(() => start(basic, 'wasm'));
  return start(basic, 'wasm');
}

async function run({ seq, feeds }: Run): Promise<void> {
  const { ort, session, most } = await begun;
  const fed = Object.fromEntries(
    session.inputNames.map(name => {
      const { dtype, data, dims } = feeds[name];
      return [name, new ort.Tensor(dtype, data, dims)];
    }),
  );
  const results = await session.run(fed);
  const outputs = Object.fromEntries(
    Object.entries(results).map(([name, { data, dims, type }]) => {
      if (type !== 'float32') throw new RangeError(`the output ${name} is ${type}; expected float32`);
      if (data.length > most) throw new RangeError(`the output ${name} has ${data.length} numbers`);
      return [name, { dims: [...dims], data: Float32Array.from(data) }];
    }),
  );
  scope.postMessage({ kind: 'values', seq, outputs });
}

scope.onmessage = ({ data }) => {
  const seq = data.kind === 'run' ? data.seq : undefined;
  const work = data.kind === 'begin' ? (begun = begin(data)) : run(data);
  work.catch((error: unknown) =>
    scope.postMessage({ kind: 'failed', seq, why: error instanceof Error ? error.message : String(error) }),
  );
};
