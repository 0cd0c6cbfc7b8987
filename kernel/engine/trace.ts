/**
 * Records operators into a graph. Every dim is concrete and every output is inferred as it is recorded, so that a
 * mistake fails at the line that makes it; what depends on constants alone is folded away.
 */
import { ComputedError, OpError, ShapeError } from '../base/errors.ts';
import type { DType } from '../base/dtype.ts';
import { formatDims, sizeOf, type Dims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Attributes, Graph, Node, ValueInfo } from '../onnx/graph.ts';
import { renameNode } from '../onnx/rename.ts';
import { reads } from '../onnx/sort.ts';
import { namesOf } from '../onnx/surgery.ts';
import { declaredIn } from './declared.ts';
import type { Op } from './op.ts';
import { ruleOf } from './rules.ts';
import type { ApplyOptions, Known, Recorder, Var } from './var.ts';

/** The opset that every rule is written in; older graphs are upgraded to it (`upgrade.ts`). */
export const OPSET = 21;

/** Constants up to this many elements take part in folding. */
const FOLD_LIMIT = 4096;

/** One recorded node, with its vars: the tape that `grad.ts` walks backwards. */
export interface Step {
  readonly node: Node;
  readonly rule: Op;
  readonly inputs: readonly (Var | undefined)[];
  readonly outputs: readonly Var[];
  /** Its rule was replaced (`override.ts`) and may pass gradients through integers. */
  readonly overridden?: boolean;
}

/** What a replay changes on the way. */
export interface Rewrites {
  /** What all later nodes see of a value: inputs first, then each output as it is made. */
  made?(name: string, value: Var): Var;
  /** What one node sees of a value that it reads. */
  read?(name: string, value: Var, reader: Node): Var;
  /** Told of a value that cannot be traced, and why; without it that is an error. What depends on it is told too. */
  lost?(name: string, why: Error): void;
}

/** An op that was recorded as other ops, with the range of its steps: what an override of it takes the place of. */
export interface Expansion {
  readonly op: string;
  readonly site: string;
  readonly attributes: Attributes;
  readonly inputs: readonly (Var | undefined)[];
  readonly outputs: readonly Var[];
  readonly first: number;
  readonly end: number;
}

export class Trace implements Recorder {
  readonly steps: Step[] = [];
  readonly expansions: Expansion[] = [];
  private readonly inputs: ValueInfo[] = [];
  private readonly constants = new Map<string, Tensor>();
  private readonly taken = new Set<string>();
  /** Names of graphs being replayed: theirs to take. */
  private readonly reserved = new Set<string>();
  private readonly counts = new Map<string, number>();
  private readonly scalars = new Map<string, Var>();

  constructor(
    private readonly opsets: Readonly<Record<string, number>> = { '': OPSET, 'com.microsoft': 1 },
  ) {}

  /** A value that the caller will feed. */
  input(name: string, dtype: DType, dims: Dims): Var {
    this.claim(name);
    this.inputs.push({ name, dtype, dims });
    return { name, dtype, dims, trace: this };
  }

  /** A value that is part of the graph. Small unnamed constants that are equal share one initializer. */
  constant(value: Tensor, name?: string): Var {
    const small = name === undefined && value.size <= 16;
    const key = small
      ? `${value.dtype}:${value.dims.join()}:${Array.from(value.data as ArrayLike<unknown>, signed).join()}`
      : '';
    const known = small ? this.scalars.get(key) : undefined;
    if (known) return known;
    const unique = name !== undefined && !this.taken.has(name) ? name : this.fresh(name ?? 'const');
    this.taken.add(unique);
    this.constants.set(unique, value);
    const made: Var = { name: unique, dtype: value.dtype, dims: value.dims, value, trace: this };
    if (small) this.scalars.set(key, made);
    return made;
  }

  /** A constant that something is differentiated by: what follows from it is computed, not folded. */
  varying(value: Var): Var {
    return this.renamed(value, this.fresh(value.name));
  }

  apply(
    op: string,
    inputs: readonly (Var | undefined)[],
    attributes: Attributes = {},
    options: ApplyOptions = {},
  ): Var[] {
    const { domain = '', outputs = 1 } = options;
    for (const input of inputs)
      if (input && input.trace !== this)
        throw new ShapeError(`${op} mixes two traces: ${input.name} belongs to another graph`);
    const wanted: readonly (string | undefined)[] =
      typeof outputs === 'number' ? Array.from({ length: outputs }) : outputs;
    const name = options.name || wanted[0] || '';
    const rule = ruleOf(domain, op);
    const opset = this.opsets[domain];
    if (!rule)
      throw new OpError(
        `no rule for op ${domain ? `${domain}.` : ''}${op} at ${name || 'an unnamed node'}${opset ? `, opset ${opset}` : ''}; ` +
          'the model can be run and read, but not traced through this node; CONTRIBUTING.md tells how to add an op',
        op,
        name,
        opset,
      );
    const { captured = new Map<string, Var>() } = options;
    const call = { op, site: name || op, inputs, attributes, outputCount: wanted.length };

    const first = this.steps.length;
    const made = rule.expand?.({ ...call, body: (graph, feeds) => this.inlined(graph, feeds, captured) });
    if (made) {
      const outputs = wanted.map((label, i) => (label ? this.labelled(made[i], label) : made[i]));
      const { site } = call;
      this.expansions.push({ op, site, attributes, inputs, outputs, first, end: this.steps.length });
      return outputs;
    }
    const known = this.infer(rule, call, options);
    if (known.every(output => output.value && output.value.size <= FOLD_LIMIT))
      return known.map((output, i) => this.constant(output.value!, wanted[i] || undefined));

    const results = wanted.map((label, i): Var => {
      const unique =
        label === ''
          ? ''
          : label !== undefined && !this.taken.has(label)
            ? label
            : this.fresh(label ?? op.toLowerCase());
      this.taken.add(unique);
      return { name: unique, dtype: known[i].dtype, dims: known[i].dims, trace: this };
    });
    const node: Node = {
      op,
      domain,
      name: options.name ?? results[0].name,
      inputs: trimmed(inputs.map(input => input?.name ?? '')),
      outputs: results.map(output => output.name),
      attributes: captured.size ? recaptured(attributes, captured) : attributes,
    };
    this.steps.push({ node, rule, inputs: [...inputs, ...captured.values()], outputs: results });
    return results;
  }

  custom(inputs: readonly Var[], forward: () => Var, backward: (dy: Var) => readonly Var[]): Var {
    const first = this.steps.length;
    const made = forward();
    // the tape forgets how the value was made: those steps stay in the graph, but gradients go around them
    for (let i = first; i < this.steps.length; i++) this.steps[i] = { ...this.steps[i], inputs: [] };
    const y = this.renamed(made, this.fresh('custom'));
    const { node, outputs } = this.steps.pop()!;
    const gradient: Op['gradient'] = ({ dy }) => {
      let parts: readonly Var[] | undefined;
      return inputs.map((_, i) => () => (parts ??= backward(dy))[i]);
    };
    this.steps.push({ node, rule: { infer: () => [y], gradient }, inputs, outputs });
    return y;
  }

  /**
   * Records another graph into this one.
   * @param feeds a var for each of its inputs
   * @returns every value of that graph by its own name
   */
  replay(
    graph: Graph,
    feeds: Readonly<Record<string, Var>>,
    { made: rewrite, read, lost }: Rewrites = {},
  ): Map<string, Var> {
    const vars = new Map<string, Var>(Object.entries(feeds));
    const gone = new Map<string, Error>();
    const lose = (node: Node, why: Error) => {
      if (!lost) throw why;
      for (const name of node.outputs) {
        gone.set(name, why);
        lost(name, why);
      }
    };
    for (const name of namesOf(graph)) this.reserved.add(name);
    for (const { name } of graph.inputs)
      if (!vars.has(name))
        throw new ShapeError(
          `graph ${graph.name} lacks its input ${name}; fed: ${[...vars.keys()].join(', ') || 'nothing'}`,
        );
    if (rewrite) for (const [name, value] of vars) vars.set(name, rewrite(name, value));
    const resolve = (name: string): Var | undefined => {
      if (name === '') return undefined;
      const found = vars.get(name);
      if (found) return found;
      const value = graph.constants.get(name);
      if (!value) throw new ShapeError(`graph ${graph.name} uses ${name}, which nothing produces`);
      const made = this.constant(value, name);
      vars.set(name, made);
      return made;
    };
    const declared = declaredIn(graph, feeds);
    const record = (node: Node) => {
      const outer = reads(node).slice(node.inputs.length);
      const inputs = node.inputs.map(name => {
        const value = resolve(name);
        return value && read ? read(name, value, node) : value;
      });
      const made = this.apply(node.op, inputs, node.attributes, {
        domain: node.domain,
        name: node.name,
        outputs: node.outputs,
        captured: outer.length ? new Map(outer.map(name => [name, resolve(name)!])) : undefined,
        declared: () => declared(node),
      });
      node.outputs.forEach((name, i) => name && vars.set(name, rewrite ? rewrite(name, made[i]) : made[i]));
    };
    for (const node of graph.nodes) {
      const behind = reads(node).find(name => name && gone.has(name));
      if (behind) lose(node, gone.get(behind)!);
      else
        try {
          record(node);
        } catch (error) {
          // a shape that contradicts another is wrong wherever it stands
          if (!(error instanceof OpError || error instanceof ComputedError)) throw error;
          lose(node, error);
        }
    }
    for (const { name } of graph.outputs) if (!gone.has(name)) resolve(name);
    return vars;
  }

  /** The graph that computes `outputs` under the given names; whatever they do not need is left out. */
  graph(outputs: Readonly<Record<string, Var>>, name = 'trace'): Graph {
    const named = Object.entries(outputs).map(([label, value]) => this.exported(label, value));
    const needed = new Set(named.map(output => output.name));
    const nodes: Node[] = [];
    for (const { node } of [...this.steps].reverse()) {
      if (!node.outputs.some(output => needed.has(output))) continue;
      nodes.push(node);
      for (const input of reads(node)) if (input) needed.add(input);
    }
    nodes.reverse();
    const kept = new Set(nodes.flatMap(node => node.outputs));
    const domains = new Set(['', ...nodes.map(node => node.domain)]);
    return {
      name,
      opsets: Object.fromEntries(Object.entries(this.opsets).filter(([domain]) => domains.has(domain))),
      inputs: this.inputs.filter(input => needed.has(input.name)),
      outputs: named.map(({ name: label, dtype, dims }) => ({ name: label, dtype, dims })),
      nodes,
      constants: new Map([...this.constants].filter(([label]) => needed.has(label))),
      values: new Map(
        this.steps.flatMap(step =>
          step.outputs
            .filter(output => kept.has(output.name))
            .map(output => [output.name, info(output)] as const),
        ),
      ),
      metadata: {},
    };
  }

  /** What a graph that an op holds yields, recorded here: the op itself is not needed where its choice is known. */
  private inlined(graph: Graph, feeds: readonly Var[], captured: ReadonlyMap<string, Var>): Var[] {
    const values = this.replay(graph, { ...Object.fromEntries(captured), ...byInput(graph, feeds) });
    return graph.outputs.map(({ name }) => values.get(name)!);
  }

  /** What is known of that, and nothing recorded. */
  private known(graph: Graph, feeds: readonly Known[], captured: ReadonlyMap<string, Known>): Var[] {
    const inner = new Trace(this.opsets);
    const all = { ...Object.fromEntries(captured), ...byInput(graph, feeds) };
    const vars = Object.entries(all).map(([name, { dtype, dims, value }]) =>
      value ? inner.constant(value, name) : inner.input(name, dtype, dims),
    );
    return inner.inlined(graph, [], new Map(Object.keys(all).map((name, i) => [name, vars[i]])));
  }

  /** A name nobody has: `add_3`. */
  fresh(hint: string): string {
    for (;;) {
      const count = (this.counts.get(hint) ?? 0) + 1;
      this.counts.set(hint, count);
      const name = `${hint}_${count}`;
      if (!this.taken.has(name) && !this.reserved.has(name)) return name;
    }
  }

  /** An output must be made by a node and carry its label. */
  private exported(label: string, value: Var): Var {
    const isNode = !value.value && !this.inputs.some(input => input.name === value.name);
    return isNode && value.name === label ? value : this.renamed(value, label);
  }

  /** The value under another name; a small constant stays one, so that what follows from it folds too. */
  private labelled(made: Var, label: string): Var {
    const { value } = made;
    return value && value.size <= FOLD_LIMIT ? this.constant(value, label) : this.renamed(made, label);
  }

  private renamed(value: Var, label: string): Var {
    const rule = ruleOf('', 'Identity')!;
    const name = this.taken.has(label) ? this.fresh(label) : label;
    this.taken.add(name);
    const made: Var = { name, dtype: value.dtype, dims: value.dims, trace: this };
    const node: Node = {
      op: 'Identity',
      domain: '',
      name,
      inputs: [value.name],
      outputs: [name],
      attributes: {},
    };
    this.steps.push({ node, rule, inputs: [value], outputs: [made] });
    return made;
  }

  private infer(
    rule: Op,
    call: Parameters<Op['infer']>[0],
    { captured = new Map<string, Var>(), declared }: ApplyOptions,
  ): readonly Known[] {
    const values = call.inputs.map(input => input?.value);
    const foldable =
      rule.fold && call.inputs.every(input => !input || (input.value && input.value.size <= FOLD_LIMIT));
    try {
      const known = rule.infer({ ...call, body: (graph, feeds) => this.known(graph, feeds, captured) });
      if (!foldable || known.some(output => sizeOf(output.dims) > FOLD_LIMIT)) return known;
      const folded = rule.fold!({ ...call, values });
      return folded?.map(value => ({ dtype: value.dtype, dims: value.dims, value })) ?? known;
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      const told = error instanceof ComputedError ? declared?.() : undefined;
      if (told) return told;
      const shapes = call.inputs.map(input => (input ? formatDims(input.dims) : '–')).join(', ');
      const Kind = error instanceof ComputedError ? ComputedError : ShapeError;
      throw new Kind(`${call.op} at ${call.site}: ${error.message} (inputs ${shapes})`, { cause: error });
    }
  }

  private claim(name: string): void {
    if (this.taken.has(name))
      throw new ShapeError(`name taken: ${name}; every input of a trace needs its own name`);
    this.taken.add(name);
  }
}

const info = ({ name, dtype, dims }: Var): ValueInfo => ({ name, dtype, dims });

const byInput = <T>(graph: Graph, feeds: readonly T[]): Record<string, T> =>
  Object.fromEntries(feeds.map((value, i) => [graph.inputs[i].name, value]));

/** The graphs among an op's attributes, using the values around them by the names that those have here. */
const recaptured = (attributes: Attributes, captured: ReadonlyMap<string, Var>): Attributes =>
  renameNode(
    { op: '', domain: '', name: '', inputs: [], outputs: [], attributes },
    name => captured.get(name)?.name ?? name,
    'inputs',
  ).attributes;

/** Equal keys for equal bits: −0 and 0 differ. */
const signed = (value: unknown): string => (Object.is(value, -0) ? '-0' : String(value));

/** Trailing optional inputs that are left out are not written. */
function trimmed(names: string[]): string[] {
  let length = names.length;
  while (length > 0 && names[length - 1] === '') length--;
  return names.slice(0, length);
}
