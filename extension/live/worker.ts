/**
 * The worker behind a live figure: one graph, one question at a time. It evaluates ONNX Runtime, which the page names,
 * and nothing that came with a notebook; the graph itself is data. A script without imports, so that it also runs from a
 * page of one file.
 */
import type { Answer, Begin, Computer, Question, Run, Runtime } from './messages.ts';

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
let asked: Begin;
let begun: Promise<Begun>;

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

/** Why there is no card that counts; undefined where there is one. */
async function lacks({ software }: { software: boolean }): Promise<string | undefined> {
  const { gpu } = scope.navigator;
  if (!gpu) return 'this browser has no WebGPU';
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) return 'WebGPU found no graphics card';
  return !software && adapter.info?.isFallbackAdapter ? 'software stands in for a graphics card' : undefined;
}

interface Begun {
  ort: Ort;
  session: Session;
  by: Computer;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function start({ graph, basic, webgpu }: Begin, by: Computer): Promise<Begun> {
  const ort = await load(by.provider === 'webgpu' ? webgpu! : basic);
  const options = { executionProviders: [by.provider], graphOptimizationLevel: 'all', logSeverityLevel: 4 };
  return { ort, session: await ort.InferenceSession.create(graph, options), by };
}

/** A card that cannot run the graph leaves it to the processor. */
async function begin(question: Begin): Promise<Begun> {
  if (!question.webgpu) return start(question, { provider: 'wasm' });
  const why = await lacks(question.webgpu);
  if (why) return start(question, { provider: 'wasm', why });
  return start(question, { provider: 'webgpu' }).catch(error =>
    start(question, { provider: 'wasm', why: messageOf(error) }),
  );
}

async function compute({ ort, session }: Begun, { feeds }: Run, most: number) {
  const fed = Object.fromEntries(
    session.inputNames.map(name => {
      const { dtype, data, dims } = feeds[name];
      return [name, new ort.Tensor(dtype, data, dims)];
    }),
  );
  const results = await session.run(fed);
  return Object.fromEntries(
    Object.entries(results).map(([name, { data, dims, type }]) => {
      if (type !== 'float32') throw new RangeError(`the output ${name} is ${type}; expected float32`);
      if (data.length > most) throw new RangeError(`the output ${name} has ${data.length} numbers`);
      return [name, { dims: [...dims], data: Float32Array.from(data) }];
    }),
  );
}

async function run(question: Run): Promise<void> {
  let outputs;
  try {
    outputs = await compute(await begun, question, asked.most);
  } catch (error) {
    if ((await begun).by.provider === 'wasm') throw error;
    // an operator, or the card itself, may give up as late as this
    begun = start(asked, { provider: 'wasm', why: messageOf(error) });
    outputs = await compute(await begun, question, asked.most);
  }
  scope.postMessage({ kind: 'values', seq: question.seq, outputs, by: (await begun).by });
}

scope.onmessage = ({ data }) => {
  const seq = data.kind === 'run' ? data.seq : undefined;
  if (data.kind === 'begin') {
    asked = data;
    begun = begin(data);
  }
  const work = data.kind === 'begin' ? begun.then(() => scope.postMessage({ kind: 'ready' })) : run(data);
  work.catch((error: unknown) => scope.postMessage({ kind: 'failed', seq, why: messageOf(error) }));
};
