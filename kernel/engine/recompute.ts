/**
 * Time for memory: what the way back reads of the way forward is computed a second time, just before it is read, from
 * the few values that are kept (T. Chen et al., *Training deep nets with sublinear memory cost*, 2016).
 *
 *   forward    x ─▶ a ─▶ [k] ─▶ b ─▶ [m] ─▶ L        only the kept k and m live through
 *   backward            [k]·1 ─▶ b′ ─▶ db ─▶ …       b′ is b, bit for bit
 *
 * A second b reads the same values as the first, and ONNX Runtime merges nodes that do. So it reads k·1, where the 1
 * is known only once the gradient has come back this far (`schedule.ts`): which is also when b′ is to be made.
 */
import { NameError } from '../base/errors.ts';
import { isFloat, type DType } from '../base/dtype.ts';
import { nearest } from '../base/nearest.ts';
import { sizeOf } from '../base/shape.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { reads } from '../onnx/sort.ts';
import { retraced } from './retrace.ts';
import { isForward, type TwoWay } from './saved.ts';
import { after, once } from './schedule.ts';
import type { Trace } from './trace.ts';
import type { Var } from './var.ts';

/** Random numbers are never drawn twice; an op that holds a graph would compute all of that twice. */
const madeOnce = (node: Node): boolean =>
  /^(Random|Bernoulli|Multinomial)/.test(node.op) || reads(node).length > node.inputs.length;

/** What ONNX Runtime multiplies. */
const multiplied: readonly DType[] = ['float32', 'float64', 'int32', 'int64'];

/**
 * The graph with its way back reading only kept values, and what it computes again from them. Results are the same,
 * bit for bit, as long as ONNX Runtime fuses both makings alike (it did wherever that was tested). Run it `scheduled`.
 *
 * @param keep values of the way forward; inputs and constants always are kept
 * @throws NameError on a value to keep that the way forward does not have, with the nearest
 * @example const { graph } = recomputed({ graph: trace.graph({ dw }), forward }, ['block1', 'block2'])
 */
export function recomputed(both: TwoWay, keep: readonly string[]): TwoWay {
  const { forward } = both;
  for (const name of keep)
    if (!forward.has(name)) throw new NameError('value to keep', name, nearest(name, forward));
  const goesForward = isForward(both);
  const graph = retraced(both.graph, trace => {
    const again = new Again(trace, both.graph, new Set(keep));
    return {
      made(name, value) {
        again.made(name, value);
        return value;
      },
      read: (name, value, reader) => (forward.has(name) && !goesForward(reader) ? again.of(name) : value),
    };
  });
  return { graph, forward };
}

/** The second making of values. */
class Again {
  private readonly makers: ReadonlyMap<string, Node>;
  private readonly firsts = new Map<string, Var>();
  private readonly seconds = new Map<string, Var>();
  private readonly waiting = new Map<Var, Var>();
  /** The latest number on the way back: a second making waits for it. */
  private arrived?: Var;

  constructor(
    private readonly trace: Trace,
    private readonly graph: Graph,
    private readonly keep: ReadonlySet<string>,
  ) {
    this.makers = new Map(graph.nodes.flatMap(node => node.outputs.map(name => [name, node] as const)));
  }

  made(name: string, value: Var): void {
    this.firsts.set(name, value);
    if (isFloat(value.dtype) && !value.value) this.arrived = value;
  }

  /** The value made again, or itself where it is kept. */
  of(name: string): Var {
    const maker = this.makers.get(name);
    if (!maker || this.keep.has(name)) return this.first(name);
    if (!this.seconds.has(name)) this.make(maker);
    return this.seconds.get(name)!;
  }

  private make(maker: Node): void {
    const { op, domain, attributes, outputs } = maker;
    const inputs = maker.inputs.map(name => (name ? this.of(name) : undefined));
    const isSecond = inputs.some((input, i) => input && input !== this.first(maker.inputs[i]));
    const tied = isSecond ? inputs : this.tied(inputs);
    const names = outputs.map(name => name && `${name}/again`);
    const made =
      tied && !madeOnce(maker)
        ? this.trace.apply(op, tied, attributes, { domain, name: `${maker.name}/again`, outputs: names })
        : outputs.map(name => this.first(name));
    outputs.forEach((name, i) => this.seconds.set(name, made[i]));
  }

  /** The inputs, the smallest that can be multiplied waiting for the gradient; undefined where none can. */
  private tied(inputs: readonly (Var | undefined)[]): (Var | undefined)[] | undefined {
    const [least] = inputs
      .filter(input => input !== undefined)
      .filter(({ dtype, value }) => !value && multiplied.includes(dtype))
      .sort((a, b) => sizeOf(a.dims) - sizeOf(b.dims));
    if (!least || !this.arrived) return undefined;
    const late = this.waiting.get(least) ?? after(least, once(this.arrived));
    this.waiting.set(least, late);
    return inputs.map(input => (input === least ? late : input));
  }

  private first(name: string): Var {
    return this.firsts.get(name) ?? this.trace.constant(this.graph.constants.get(name)!, name);
  }
}
