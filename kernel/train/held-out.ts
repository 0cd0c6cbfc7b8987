/** What a run measures on data that it does not train on, and when that says to stop. */
import { Tensor } from '../base/tensor.ts';
import { compile, type Program } from '../engine/compile.ts';
import { reshape } from '../engine/functions.ts';
import { Trace } from '../engine/trace.ts';
import type { Measure } from './checkpoint.ts';
import { drawing, isStream, lengthOf, type Batch, type Data } from './data.ts';
import { forward, LOSS, RUNNING, THETA, type ForwardOptions } from './forward.ts';
import type { Loss } from './loss.ts';
import { NeuronbookError } from '../base/errors.ts';

export interface HeldOutOptions {
  /** Whole tensors, all of which count, or a function that makes the batch of a step. */
  data: Exclude<Data, Iterable<Batch> | AsyncIterable<Batch>>;
  /** What is measured: less is better. The loss of the training where left out. */
  loss?: Loss;
  /** Steps between two measures. */
  every?: number;
  /** Examples at a time of whole tensors. */
  batch?: number;
  /** How many batches a function is asked for: always the same ones. */
  batches?: number;
  /** End after so many measures without a new best, and give back the best network. */
  patience?: number;
}

/** The least loss so far; the earlier of two equal ones. */
export const bestOf = (measures: readonly Measure[]): Measure | undefined =>
  measures.reduce<Measure | undefined>(
    (best, measure) => (best && best.loss <= measure.loss ? best : measure),
    undefined,
  );

/** Whether the last `patience` measures brought nothing. */
export const exhausted = (measures: readonly Measure[], patience = Infinity): boolean =>
  measures.length > 0 && measures.length - 1 - measures.indexOf(bestOf(measures)!) >= patience;

export class HeldOut {
  private readonly programs = new Map<string, Promise<Program>>();

  constructor(
    private readonly options: HeldOutOptions,
    private readonly network: Omit<ForwardOptions, 'batch'>,
    private readonly seed: string,
  ) {
    if (isStream(options.data))
      throw new NeuronbookError(
        'held-out data is a stream, which would be used up by one measure; expected tensors or a function',
      );
  }

  /** The mean loss over all examples. @param vectors θ and the running statistics */
  async measure(vectors: Readonly<Record<string, Tensor>>): Promise<number> {
    let [sum, count] = [0, 0];
    for await (const { batch, examples } of this.batches()) {
      const program = await this.programFor(batch);
      const feeds: Record<string, Tensor> = {
        ...batch,
        [THETA]: vectors[THETA],
        [RUNNING]: vectors[RUNNING],
      };
      const { [LOSS]: loss } = await program.run(
        Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]])),
      );
      sum += examples * loss.toNumbers()[0];
      count += examples;
    }
    return sum / count;
  }

  async release(): Promise<void> {
    for (const program of this.programs.values()) await (await program).release();
  }

  private async *batches(): AsyncGenerator<{ batch: Batch; examples: number }> {
    const { data, batches = 1, batch: size = 256 } = this.options;
    if (typeof data === 'function') {
      const { draw } = drawing(data, this.seed);
      for (let i = 0; i < batches; i++) yield { batch: (await draw(i))!, examples: 1 };
      return;
    }
    const count = lengthOf(data);
    for (let from = 0; from < count; from += size) {
      const examples = Math.min(size, count - from);
      const part = Object.entries(data).map(([name, tensor]) => [name, rows(tensor, from, examples)]);
      yield { batch: Object.fromEntries(part) as Batch, examples };
    }
  }

  private programFor(batch: Batch): Promise<Program> {
    const key = shapesOf(batch);
    const known = this.programs.get(key);
    if (known) return known;
    const trace = new Trace();
    const { cost } = forward(trace, {
      ...this.network,
      loss: this.options.loss ?? this.network.loss,
      batch,
    });
    const made = compile(trace.graph({ [LOSS]: reshape(cost, [1]) }, `${this.network.graph.name}, held out`));
    this.programs.set(key, made);
    return made;
  }
}

/** What a graph of concrete dims depends on. */
export const shapesOf = (batch: Batch): string =>
  Object.entries(batch)
    .map(([name, { dtype, dims }]) => `${name}:${dtype}:${dims.join('×')}`)
    .join();

/** Some rows of a tensor, on its own memory. */
function rows({ dtype, dims, data, size }: Tensor, from: number, count: number): Tensor {
  const width = size / dims[0];
  const part = Array.isArray(data)
    ? data.slice(from * width, (from + count) * width)
    : data.subarray(from * width, (from + count) * width);
  return new Tensor(dtype, [count, ...dims.slice(1)], part);
}
