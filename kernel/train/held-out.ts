/** What a run measures on data that it does not train on, and when that says to stop. */
import { NeuronbookError } from '../base/errors.ts';
import { Tensor } from '../base/tensor.ts';
import { compile, type Program } from '../engine/compile.ts';
import { reshape } from '../engine/functions.ts';
import { Trace } from '../engine/trace.ts';
import type { Checkpoint, Measure } from './checkpoint.ts';
import { drawing, isStream, lengthOf, type Batch, type Data } from './data.ts';
import { forward, LOSS, RUNNING, THETA, type ForwardOptions } from './forward.ts';
import type { Labels, Loss } from './loss.ts';
import { assertNumbers } from './numbers.ts';
import type { State } from './state.ts';
import { AVERAGE } from './step.ts';

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

interface Measuring {
  program: Program;
  labels: Readonly<Record<string, Labels>>;
}

/** The vectors that a network is made of; in a checkpoint, those of the best measure have this before their name. */
const RESULT = [THETA, AVERAGE, RUNNING];
const BEST = 'best ';

/** Measures as a run goes on, and keeps the vectors of the best. Without options it does nothing. */
export class HeldOut {
  readonly measures: Measure[] = [];
  /** θ, its average and the running statistics at the best measure, where `patience` asks for them. */
  best: Readonly<Record<string, Float32Array>> = {};
  private readonly programs = new Map<string, Promise<Measuring>>();

  /** @param saved what has been measured before */
  constructor(
    private readonly options: HeldOutOptions | undefined,
    private readonly network: Omit<ForwardOptions, 'batch'>,
    private readonly seed: string,
    saved?: Checkpoint,
  ) {
    if (options && isStream(options.data))
      throw new NeuronbookError(
        'held-out data is a stream, which would be used up by one measure; expected tensors or a function',
      );
    if (!options || !saved) return;
    const kept = RESULT.filter(name => BEST + name in saved.vectors);
    this.best = Object.fromEntries(kept.map(name => [name, saved.vectors[BEST + name]]));
    // measures without their best network are of no use to a run that is to give it back
    if (options.patience === undefined || kept.length) this.measures.push(...saved.measures);
  }

  /** Whether the last `patience` measures brought nothing. */
  get exhausted(): boolean {
    return exhausted(this.measures, this.options?.patience);
  }

  /** What a checkpoint keeps of the best measure. */
  get vectors(): Record<string, Float32Array> {
    return Object.fromEntries(Object.entries(this.best).map(([name, vector]) => [BEST + name, vector]));
  }

  /** Measures, if it is time to after this step. */
  async after(step: number, steps: number, state: State): Promise<number | undefined> {
    if (!this.options || (step % (this.options.every ?? 100) !== 0 && step !== steps)) return undefined;
    const { current } = state;
    const loss = await this.measure({ ...current, [THETA]: current[AVERAGE] ?? current[THETA] });
    this.measures.push({ step, loss });
    if (this.options.patience !== undefined && bestOf(this.measures)?.step === step)
      this.best = state.copies(RESULT.filter(name => name in current));
    return loss;
  }

  async release(): Promise<void> {
    for (const made of this.programs.values()) await (await made).program.release();
  }

  /** The mean loss over all examples. @param vectors θ and the running statistics */
  private async measure(vectors: Readonly<Record<string, Tensor>>): Promise<number> {
    let [sum, count] = [0, 0];
    for await (const { batch, examples } of this.batches(this.options!)) {
      const { program, labels } = await this.programFor(batch);
      assertNumbers(this.network.graph, labels, batch);
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

  private async *batches({ data, batches = 1, batch: size = 256 }: HeldOutOptions) {
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

  private programFor(batch: Batch): Promise<Measuring> {
    const key = shapesOf(batch);
    const known = this.programs.get(key);
    if (known) return known;
    const trace = new Trace();
    const { cost, labels } = forward(trace, {
      ...this.network,
      loss: this.options?.loss ?? this.network.loss,
      batch,
    });
    const graph = trace.graph({ [LOSS]: reshape(cost, [1]) }, `${this.network.graph.name}, held out`);
    const made = compile(graph).then(program => ({ program, labels }));
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
