/**
 * A network as immutable data. Every instrument is a function from one `Graph` to another;
 * nothing mutates a graph, its nodes or its tensors.
 */
import type { DType } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';

/** A known size, or the name of one that varies (`batch`); `?` where the file says nothing. */
export type Dim = number | string;

/** What is known of a value before it is computed. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  /** Undefined where even the rank is unknown. */
  readonly dims?: readonly Dim[];
}

export type Attribute =
  number | string | readonly number[] | readonly bigint[] | readonly string[] | bigint | Tensor | Graph;

/**
 * Attribute kinds follow the values: `bigint` is ONNX INT, `number` FLOAT, `string` STRING, `Tensor` TENSOR,
 * `Graph` GRAPH; arrays likewise (`readonly bigint[]` is INTS, `readonly number[]` FLOATS).
 */
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  readonly op: string;
  /** '' is the default ONNX domain. */
  readonly domain: string;
  readonly name: string;
  /** '' stands for an optional input that is left out; likewise for outputs. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A node of the default domain with one output, which it is called like. */
export const nodeOf = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): Node => ({ op, domain: '', name: output, inputs, outputs: [output], attributes });

export interface Graph {
  readonly name: string;
  /** Domain → opset version; '' is the default domain. */
  readonly opsets: Readonly<Record<string, number>>;
  /** What the caller feeds; initializers that a file also lists as inputs are not among them. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** Initializers: weights and other constants, by name. */
  readonly constants: ReadonlyMap<string, Tensor>;
  /** What is known of inner values, by name. Complete once a graph is specialised. */
  readonly values: ReadonlyMap<string, ValueInfo>;
  /** The file's own metadata (`metadata_props`): documented site names, preprocessing, licence. */
  readonly metadata: Readonly<Record<string, string>>;
}
