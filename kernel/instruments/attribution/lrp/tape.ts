/** What relevance propagation has to know of a traced network before it walks back. */
import { isFloat } from '../../../base/dtype.ts';
import type { Step, Trace } from '../../../engine/trace.ts';
import type { Var } from '../../../engine/var.ts';

/** A value that everything passes: the relevance there is all that there is. */
export interface Cut {
  readonly value: Var;
  readonly op: string;
  readonly site: string;
  /** Of its step; −1 for the start. */
  readonly index: number;
}

export class Tape {
  /** Values that depend on the start. */
  private readonly varying: Set<Var>;
  /** Steps that lie between the start and the end, by their numbers. */
  private readonly path: readonly (readonly [number, Step])[];
  private readonly makers = new Map<Var, Step>();
  private readonly numbers = new Map<Var, number>();
  private readonly readers = new Map<Var, Step[]>();

  constructor(
    trace: Trace,
    private readonly start: Var,
    end: Var,
  ) {
    const steps = [...trace.steps];
    this.varying = new Set([start]);
    for (const { inputs, outputs } of steps)
      if (inputs.some(input => this.varies(input)))
        for (const output of outputs) if (isFloat(output.dtype)) this.varying.add(output);
    const needed = new Set([end]);
    const path: [number, Step][] = [];
    for (let i = steps.length - 1; i >= 0; i--) {
      const { inputs, outputs } = steps[i];
      if (!outputs.some(output => needed.has(output) && this.varies(output))) continue;
      path.push([i, steps[i]]);
      for (const input of inputs) if (this.varies(input)) needed.add(input!);
    }
    this.path = path.reverse();
    for (const [i, step] of this.path) {
      for (const output of step.outputs) {
        this.makers.set(output, step);
        this.numbers.set(output, i);
      }
      for (const input of new Set(step.inputs))
        if (this.varies(input)) this.readers.set(input!, [...(this.readers.get(input!) ?? []), step]);
    }
  }

  varies(value: Var | undefined): boolean {
    return value !== undefined && this.varying.has(value);
  }

  /** The step that makes a value, where it lies on the path. */
  makerOf(value: Var): Step | undefined {
    return this.makers.get(value);
  }

  /** The number of the step that makes a value; −1 for the start. */
  numberOf(value: Var): number {
    return this.numbers.get(value) ?? -1;
  }

  /** The one step that reads a value, where only one does. */
  readerOf(value: Var): Step | undefined {
    const readers = this.readers.get(value) ?? [];
    return readers.length === 1 ? readers[0] : undefined;
  }

  get steps(): readonly Step[] {
    return this.path.map(([, step]) => step);
  }

  /** Values behind which nothing that was made before is read any more, from the start to the end. */
  get cuts(): Cut[] {
    const lastRead = (value: Var): number =>
      Math.max(-1, ...(this.readers.get(value) ?? []).map(step => this.numberOf(step.outputs[0])));
    const cuts: Cut[] = [{ value: this.start, op: '', site: this.start.name, index: -1 }];
    let open = lastRead(this.start);
    for (const [index, { node, outputs }] of this.path) {
      const [value] = outputs;
      if (open <= index && outputs.length === 1 && this.varies(value))
        cuts.push({ value, op: node.op, site: value.name, index });
      open = Math.max(open, ...outputs.map(lastRead));
    }
    return cuts;
  }
}
