/** The symbolic side of the engine: a `Var` is a value that a graph will compute; a `Tensor` is one that exists. */
import type { DType } from '../base/dtype.ts';
import type { Dims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Attributes } from '../onnx/graph.ts';

/** What is known of a value before anything runs. All dims are concrete. */
export interface Known {
  readonly dtype: DType;
  readonly dims: Dims;
  /** The value itself, where it is a constant: shapes, axes, pads, weights. */
  readonly value?: Tensor;
}

/** A value in a trace. */
export interface Var extends Known {
  readonly name: string;
  readonly trace: Recorder;
}

export interface ApplyOptions {
  domain?: string;
  /** The node's name; fresh where left out. */
  name?: string;
  /** How many outputs, or their names ('' for one left out). */
  outputs?: number | readonly string[];
  /** For ops that hold graphs: the values around them that those use, by the names that they use. */
  captured?: ReadonlyMap<string, Var>;
  /** What a file says of the outputs; asked where the rule cannot tell because data decides. */
  declared?: () => readonly Known[] | undefined;
}

/** What a rule may do with the trace that its vars belong to. */
export interface Recorder {
  /** Appends one node and returns its outputs, with dtype and dims inferred by the op's rule. */
  apply(
    op: string,
    inputs: readonly (Var | undefined)[],
    attributes?: Attributes,
    options?: ApplyOptions,
  ): Var[];
  constant(value: Tensor, name?: string): Var;
  /**
   * A piece of graph with a gradient of its own: `forward` is recorded on the inputs, and ∂L/∂inputs is what
   * `backward` makes of ∂L/∂y instead of what the recorded ops would give.
   */
  custom(inputs: readonly Var[], forward: () => Var, backward: (dy: Var) => readonly Var[]): Var;
}
