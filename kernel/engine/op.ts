/**
 * What the engine knows of an ONNX operator: one `Op` beside its relatives in `ops/<family>.ts`, exported under
 * the operator's exact ONNX name. That export is the whole registration.
 */
import type { Tensor } from '../base/tensor.ts';
import type { Attributes, Graph, Node } from '../onnx/graph.ts';
import type { Known, Var } from './var.ts';

/** One use of an operator: in inference its inputs are `Known`, in gradients `Var`. */
export interface Call<Input extends Known = Known> {
  readonly op: string;
  /** The node's name, for errors. */
  readonly site: string;
  /** Optional inputs that are left out are undefined. */
  readonly inputs: readonly (Input | undefined)[];
  readonly attributes: Attributes;
  readonly outputCount: number;
  /** For ops that hold graphs: what such a graph yields, given its inputs and the values around it. */
  body?(graph: Graph, feeds: readonly Input[]): readonly Input[];
  /** Names an inner value of a decomposition, where somebody wants names (`decompose.ts`). */
  readonly mark?: (part: string, value: Var) => void;
}

/** One use of an operator, seen from behind. */
export interface BackwardCall extends Call<Var> {
  readonly outputs: readonly Var[];
  /** ∂L/∂output, undefined for an output that L does not depend on. */
  readonly gradients: readonly (Var | undefined)[];
  /** ∂L/∂(first output), which for an op with one output is always there. */
  readonly dy: Var;
}

/** Builds ∂L/∂input when it is wanted; undefined where no gradient flows to that input. */
export type Gradient = (() => Var) | undefined;

/** Helpers for rewriting a node of an older opset. Names are unique in the graph being upgraded. */
export interface UpgradeTools {
  /** The node's opset version in the file. */
  readonly opset: number;
  fresh(hint: string): string;
  /** Adds an initializer and returns its name. */
  constant(value: Tensor): string;
  /** The value of an initializer or Constant, where `name` is one. */
  constantOf(name: string): Tensor | undefined;
}

export interface Op {
  /**
   * Dtype and dims of every output, and its value where that follows from the shapes alone. Not asked where `expand`
   * answers.
   * @throws ShapeError on inputs that ONNX Runtime would refuse
   */
  infer(call: Call): readonly Known[];
  /** The outputs where every input is a known constant (undefined: not these); the ops that exporters compute shapes with have it. */
  fold?(call: Call & { readonly values: readonly (Tensor | undefined)[] }): readonly Tensor[] | undefined;
  /** Multiply-adds of one use, for ops that are sums of products; 0 where absent. */
  multiplyAdds?(call: Call, outputs: readonly Known[]): number;
  /** One entry per input. Absent: the op runs but stops gradients with an error that names it. */
  gradient?(call: BackwardCall): readonly Gradient[];
  /** Its integer outputs stand for real numbers, so that a gradient through them is a question, and not zero. */
  readonly quantizes?: boolean;
  /** The same computation in ops that have gradients; used in place of the node (undefined: not of this one). */
  expand?(call: Call<Var>): readonly Var[] | undefined;
  /** As `expand`, for an op that stays one node until `decompose.ts` is asked to take it apart. */
  unfold?(call: Call<Var>): readonly Var[];
  /** The inner values that `expand` or `unfold` marks, name → what it is: they become sites (`decompose.ts`). */
  readonly parts?: Readonly<Record<string, string>>;
  /** The node as the canonical opset writes it, where an older opset wrote it otherwise. */
  upgrade?(node: Node, tools: UpgradeTools): readonly Node[];
}

/** Marks an inner value of a decomposition, and gives it back. */
export function part(call: Call<Var>, name: string, value: Var): Var {
  call.mark?.(name, value);
  return value;
}

/** For ops whose outputs do not vary with their inputs: comparisons, Shape, ArgMax. */
export const noGradient = (): readonly Gradient[] => [];

const refusals = new WeakSet<object>();

/** Marks a gradient that only tells why there is none, so that the table of operators can (`support.ts`). */
export function refusing(explain: (call: BackwardCall) => never): (call: BackwardCall) => never {
  refusals.add(explain);
  return explain;
}

/** Whether a gradient through the op ends in an error. */
export const stopsGradients = ({ gradient, expand, unfold }: Op): boolean =>
  gradient ? refusals.has(gradient) : !expand && !unfold;
