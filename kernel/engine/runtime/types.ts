/** What `#runtime` gives: a session over ONNX Runtime, the same in Node and in a browser. */
import type { Tensor } from '../../base/tensor.ts';
import type { KernelTime } from './profile.ts';
import type { Provider } from './providers.ts';

export interface SessionOptions {
  /** Threads inside one operator; default: as many as pay off on this machine. */
  threads?: number;
  /** How far ONNX Runtime may rewrite the graph. */
  optimize?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Whether quantizers may be moved and become part of the operators between them; true where left out. */
  fuseQuantized?: boolean;
  /** Where it computes, best first. What this machine lacks is left out with a warning; the processor is the last. */
  providers?: readonly Provider[];
  /** Keep an account of each kernel's time, for `Session.kernels`. Node only. */
  profile?: boolean;
}

/**
 * Entries of ONNX Runtime's own configuration. Where weights alone are quantized, the product stays one of float32
 * numbers: left to itself, ONNX Runtime rounds the activations to eight bits too, which the file does not say.
 */
export const configuration = (fuseQuantized: boolean) =>
  ({
    extra: {
      session: {
        qdq_matmulnbits_accuracy_level: '1',
        ...(!fuseQuantized && { disable_quant_qdq: '1' }),
      },
    },
  }) as const;

/** Names to compute, or name → the tensor to write into (null: a new one). */
export type Fetches = readonly string[] | Readonly<Record<string, Tensor | null>>;

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Feeds are read where they lie; a tensor given in `fetches` is written and returned itself. */
  run(feeds: Readonly<Record<string, Tensor>>, fetches?: Fetches): Promise<Record<string, Tensor>>;
  /** The times of all kernels so far, with the option `profile`; ends the account. */
  kernels?(): Promise<KernelTime[]>;
  /** Frees the native memory once runs under way have ended. */
  release(): Promise<void>;
}

export type CreateSession = (bytes: Uint8Array, options?: SessionOptions) => Promise<Session>;
