/** What a page and the worker that computes for it say to one another. */

/** An input or an output of the graph, row-major. */
export interface Values {
  dtype: 'float32' | 'int64';
  dims: readonly number[];
  data: Float32Array | BigInt64Array;
}

/** Where ONNX Runtime is: addresses, or its WebAssembly written out, gzipped and in base64. */
export interface Runtime {
  script: string;
  wasm: string | { gzip: string };
}

export interface Begin {
  kind: 'begin';
  /** An ONNX file. */
  graph: Uint8Array;
  basic: Runtime;
  /** Used where the browser has a card and the graph is worth its start. */
  webgpu?: Runtime;
  /** Numbers that one output may have. */
  most: number;
}

export interface Run {
  kind: 'run';
  seq: number;
  feeds: Readonly<Record<string, Values>>;
}

export type Question = Begin | Run;

export type Answer =
  | { kind: 'ready'; provider: string }
  | { kind: 'values'; seq: number; outputs: Record<string, { dims: number[]; data: Float32Array }> }
  | { kind: 'failed'; seq?: number; why: string };
