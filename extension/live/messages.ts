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
  /** Used where the browser has a card. */
  webgpu?: Runtime & {
    /** Whether software that plays a card will do. */
    software: boolean;
  };
  /** Numbers that one output may have. */
  most: number;
}

export interface Run {
  kind: 'run';
  seq: number;
  feeds: Readonly<Record<string, Values>>;
}

/** What computed an answer. */
export interface Computer {
  provider: 'wasm' | 'webgpu';
  /** Why it was not the card that was asked for. */
  why?: string;
}

export type Question = Begin | Run;

export type Answer =
  | { kind: 'ready' }
  | {
      kind: 'values';
      seq: number;
      outputs: Record<string, { dims: number[]; data: Float32Array }>;
      by: Computer;
    }
  | { kind: 'failed'; seq?: number; why: string };
