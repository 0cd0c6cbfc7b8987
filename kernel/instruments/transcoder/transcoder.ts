/** A trained coder: features of activations, activations of features, and how it goes into a model. */
import type { MimeBundle } from '../../base/host.ts';
import { ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import { tensor, type Tensor, type TensorLike } from '../../base/tensor.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { compile, type Program } from '../../engine/compile.ts';
import type { Var } from '../../engine/var.ts';
import type { Edit } from '../../model/edits.ts';
import type { Scope } from '../../nn/scope.ts';
import { network, zeros } from '../../nn/index.ts';
import type { Weights } from './architecture.ts';
import { decode, featuresOf, layoutOf, total, type Coder } from './coder.ts';
import { historyChart, type History } from './history.ts';
import { spliceEdits, type SpliceOptions } from './splice.ts';

/** What is known of a coder beside its weights. */
export interface TranscoderFields {
  coder: Coder;
  weights: Readonly<Record<string, Tensor>>;
  /** Sites that are read and written. */
  from: readonly string[];
  to: readonly string[];
  history?: History;
}

export class Transcoder {
  readonly coder: Coder;
  /** W_enc inputs×F, W_dec F×outputs, b_dec, and what the architecture has of its own. */
  readonly weights: Readonly<Record<string, Tensor>>;
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** How the training went; undefined where it was loaded. */
  readonly history?: History;
  private readonly programs = new Map<string, Promise<Program>>();

  constructor({ coder, weights, from, to, history }: TranscoderFields) {
    this.coder = coder;
    this.weights = weights;
    this.from = from;
    this.to = to;
    this.history = history;
  }

  /** How many features it has. */
  get features(): number {
    return this.coder.features;
  }

  /**
   * z of activations: …×inputs → …×features. Several sites stand side by side along the last axis.
   * @throws ShapeError where the last axis is of another length
   * @example
   * const { sites } = await gpt.run({ tokens }, { read: ['blocks.1.mlp.in'] })
   * const z = await coder.encode(sites['blocks.1.mlp.in'])
   */
  encode(x: TensorLike): Promise<Tensor> {
    return this.rowwise('encode', { x: tensor(x) });
  }

  /**
   * What the features stand for: …×features → …×outputs. A skip transcoder adds x·W_skip, where x is given.
   * @example (await coder.decode(new Float32Array(coder.features).fill(1))).dims
   */
  decode(z: TensorLike, x?: TensorLike): Promise<Tensor> {
    return x === undefined || !this.coder.skip
      ? this.rowwise('decode', { z: tensor(z) })
      : this.rowwise('decode with skip', { z: tensor(z), x: tensor(x) });
  }

  /**
   * ŷ of x: …×inputs → …×outputs.
   * @example
   * const { sites } = await gpt.run({ tokens }, { read: ['blocks.1.mlp.in'] })
   * const y = await coder.reconstruct(sites['blocks.1.mlp.in'])
   */
  reconstruct(x: TensorLike): Promise<Tensor> {
    return this.rowwise('reconstruct', { x: tensor(x) });
  }

  /**
   * The coder as an edit of the model: the sites it writes get what it reconstructs. Its features are then a site,
   * `<to>.features`, to be read and edited like any other.
   *
   * @param options `error`: add what the coder leaves unexplained, so that the model does what it did until a feature is
   *   changed
   * @throws when it is applied: ShapeError where a site has other channels; NeuronbookError where what it reads follows
   *   from what it writes
   * @example
   * const spliced = gpt.edit(coder.splice({ error: true }), ablate('blocks.1.mlp.out.features', { channels: [7], axis: -1 }))
   */
  splice(options?: SpliceOptions): Edit[] {
    return spliceEdits(this, options);
  }

  /**
   * Frees the compiled graphs.
   * @example coder.dispose()
   */
  dispose(): void {
    for (const program of this.programs.values()) void program.then(made => made.release());
    this.programs.clear();
  }

  toString(): string {
    const { architecture, features, skip } = this.coder;
    const way = this.from.join() === this.to.join() ? this.from.join(' + ') : `${this.from.join(' + ')} → ${this.to.join(' + ')}`; // prettier-ignore
    const how = this.history ? `; ${this.history}` : '';
    return `transcoder ${way}: ${features} features, ${architecture}${skip ? ', skip' : ''}${how}`;
  }

  [displaySymbol](): MimeBundle {
    const text = { 'text/plain': this.toString() };
    return this.history?.steps ? { ...historyChart(this.history)[displaySymbol](), ...text } : text;
  }

  /** Runs one of the pieces on rows of any leading axes. */
  private async rowwise(what: Piece, given: Record<string, Tensor>): Promise<Tensor> {
    const widths = { x: total(this.coder.inputs), z: this.coder.features };
    const [{ dims }] = Object.values(given);
    for (const [name, value] of Object.entries(given)) {
      const width = widths[name as 'x' | 'z'];
      if (value.dims.at(-1) !== width)
        throw new ShapeError(`${name} is ${formatDims(value.dims)}; expected a last axis of ${width}`);
    }
    const program = await this.program(what, widths);
    const feeds = Object.entries(given).map(([name, value]) => [
      name,
      value.cast('float32').reshape([-1, value.dims.at(-1)!]),
    ]);
    const { out } = await program.run(Object.fromEntries(feeds) as Record<string, Tensor>);
    return out.reshape([...dims.slice(0, -1), out.dims[1]]);
  }

  private program(what: Piece, widths: { x: number; z: number }): Promise<Program> {
    const known = this.programs.get(what);
    if (known) return known;
    const inputs = Object.fromEntries(pieces[what].inputs.map(name => [name, ['rows', widths[name]]]));
    const graph = network(
      { build: (given, scope) => ({ out: pieces[what].build(given, weightsIn(scope, this), this.coder) }) },
      { name: what, inputs, weights: name => this.weights[name] },
    );
    const made = compile(graph);
    this.programs.set(what, made);
    return made;
  }
}

type Piece = 'encode' | 'decode' | 'decode with skip' | 'reconstruct';

type Build = (given: Readonly<Record<string, Var>>, weights: Weights, coder: Coder) => Var;

const pieces: Readonly<Record<Piece, { inputs: readonly ('x' | 'z')[]; build: Build }>> = {
  encode: { inputs: ['x'], build: ({ x }, weights, coder) => featuresOf(x, weights, coder) },
  decode: { inputs: ['z'], build: ({ z }, weights) => decode(z, z, weights, { skip: false }) },
  'decode with skip': {
    inputs: ['z', 'x'],
    build: ({ z, x }, weights, coder) => decode(z, x, weights, coder),
  },
  reconstruct: {
    inputs: ['x'],
    build: ({ x }, weights, coder) => decode(featuresOf(x, weights, coder), x, weights, coder),
  },
};

function weightsIn(scope: Scope, { coder }: Transcoder): Weights {
  const { trained, measured } = layoutOf(coder);
  return Object.fromEntries(
    [...trained, ...measured].map(({ name, dims }) => [name, scope.parameter(name, dims, zeros)]),
  );
}
