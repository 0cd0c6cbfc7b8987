/**
 * A language model opened at its words: the table of embeddings, and the network behind it, which takes vectors where
 * it took numbers of tokens. All graphs of text objectives are made here.
 */
import { NeuronbookError } from '../../../base/errors.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import {
  apply,
  concat,
  constant,
  gather,
  matmul,
  mul,
  reduceSum,
  reshape,
  sub,
  transpose,
} from '../../../engine/functions.ts';
import { gradients } from '../../../engine/grad.ts';
import { Trace } from '../../../engine/trace.ts';
import type { Var } from '../../../engine/var.ts';
import { Model } from '../../../model/model.ts';
import type { Objective } from '../../../model/objective.ts';
import type { Graph, Node } from '../../../onnx/graph.ts';
import { ascentGraph, type AscentGraphOptions } from '../../../train/ascend.ts';
import { perExample } from '../objectives/per-example.ts';

export class Words {
  /** The table, vocabulary × width. */
  readonly table: Tensor;
  private readonly input: string;
  private readonly site: string;
  /** The network behind the table. */
  private readonly behind: Model;

  /** @throws NeuronbookError where the model does not look tokens up in a table */
  constructor(
    readonly model: Model,
    readonly objective: Objective,
    /** Tokens in front, which stay. */
    readonly prompt: readonly number[],
  ) {
    const { graph } = model;
    const { node, input } = lookup(graph, model.name);
    this.table = graph.constants.get(node.inputs[0])!.cast('float32');
    this.input = input.name;
    [this.site] = node.outputs;
    const dims = [...input.dims!, this.table.dims[1]];
    this.behind = new Model(model.name, {
      ...graph,
      inputs: [...graph.inputs, { name: this.site, dtype: 'float32', dims }],
      nodes: graph.nodes.filter(each => each !== node),
    });
  }

  get size(): number {
    return this.table.dims[0];
  }

  /** tokens [batch, length] → scores [batch] */
  scoring(batch: number, length: number): Graph {
    const trace = new Trace();
    const tokens = trace.input('tokens', 'int64', [batch, length]);
    const scores = this.scores(trace, this.looked(trace, tokens), batch);
    return trace.graph({ scores: concat(scores, 0) }, 'score');
  }

  /**
   * tokens [1, length] → what the score gains, to first order, if a token became another, [length, vocabulary]:
   * ∂score/∂e_t · (W_v − e_t).
   */
  flipping(length: number): Graph {
    const trace = new Trace();
    const tokens = trace.input('tokens', 'int64', [1, length]);
    const vectors = this.looked(trace, tokens);
    const [score] = this.scores(trace, vectors, 1);
    const [slope] = gradients(trace, score, [vectors]);
    const rows = reshape(slope, [length, this.table.dims[1]]);
    const here = reduceSum(mul(rows, reshape(vectors, rows.dims)), [1], true);
    const gains = sub(matmul(rows, transpose(constant(trace, this.table), [1, 0])), here);
    return trace.graph({ gains }, 'flips');
  }

  /**
   * One step of an ascent on vectors [length, width] that the network sees as their nearest words. The gradient is
   * taken at the words and applied to the vectors.
   * @see https://arxiv.org/abs/2302.03668 (Wen et al. 2023, "Hard prompts made easy")
   */
  climbing(length: number, allowed: readonly number[], options: AscentGraphOptions): Graph {
    const trace = new Trace();
    const parameters = trace.input('parameters', 'float32', [length, this.table.dims[1]]);
    const words = trace.custom(
      [parameters],
      () => gather(constant(trace, this.table), this.nearest(parameters, allowed)),
      dy => [dy],
    );
    const scores = this.scores(trace, reshape(words, [1, ...words.dims]), 1);
    return ascentGraph(trace, parameters, scores, options);
  }

  /** vectors [length, width] → the numbers of their nearest words, [length] */
  projecting(length: number, allowed: readonly number[]): Graph {
    const trace = new Trace();
    const parameters = trace.input('parameters', 'float32', [length, this.table.dims[1]]);
    return trace.graph({ tokens: this.nearest(parameters, allowed) }, 'project');
  }

  /** argmin_v |p − W_v|² = argmax_v 2p·W_v − |W_v|², over the words that are allowed. */
  private nearest(vectors: Var, allowed: readonly number[]): Var {
    const { trace } = vectors;
    const ids = constant(trace, tensor(BigInt64Array.from(allowed, BigInt), [allowed.length]));
    const table = gather(constant(trace, this.table), ids);
    const near = sub(
      mul(matmul(vectors, transpose(table, [1, 0])), 2),
      reshape(reduceSum(mul(table, table), [1]), [1, allowed.length]),
    );
    const [at] = trace.apply('ArgMax', [near], { axis: -1n, keepdims: 0n });
    return gather(ids, at);
  }

  private looked(trace: Trace, tokens: Var): Var {
    return gather(constant(trace, this.table), tokens);
  }

  /** One score per row of vectors [batch, length, width], behind the prompt. */
  private scores(trace: Trace, vectors: Var, batch: number): Var[] {
    const front = this.prompt.length;
    const length = front + vectors.dims[1];
    const repeated = BigInt64Array.from({ length: batch * front }, (_, i) => BigInt(this.prompt[i % front]));
    const all = front
      ? concat([this.looked(trace, constant(trace, tensor(repeated, [batch, front]))), vectors], 1)
      : vectors;
    const others = this.model.graph.inputs.filter(({ name }) => name !== this.input);
    if (others.length)
      throw new NeuronbookError(
        `${this.model.name} takes ${others.map(({ name }) => name).join(', ')} beside tokens; text objectives need a model that takes tokens alone`,
      );
    // where positions are counted from the tokens, their number is what matters
    const tokens = apply('Identity', [
      constant(trace, tensor(new BigInt64Array(batch * length), [batch, length])),
    ]);
    const traced = this.behind.trace({ [this.input]: tokens, [this.site]: all });
    return perExample(Array.from({ length: batch }, () => this.objective))(traced);
  }
}

/** The Gather that takes an input of token numbers to rows of a constant table. */
function lookup(graph: Graph, name: string): { node: Node; input: Graph['inputs'][number] } {
  for (const node of graph.nodes) {
    const input = graph.inputs.find(each => each.name === node.inputs[1]);
    const table = graph.constants.get(node.inputs[0]);
    if (node.op === 'Gather' && input?.dims?.length === 2 && table?.dims.length === 2) return { node, input };
  }
  throw new NeuronbookError(
    `${name} does not look tokens up in a table of embeddings; text objectives need a language model`,
  );
}
