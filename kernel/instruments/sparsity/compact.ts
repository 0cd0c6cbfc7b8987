/**
 * MLPs that compute less: a few units chosen once (smaller matrices), or k units chosen anew for every token (their rows
 * gathered). Both take the place of the whole MLP, from `<mlp>.in` to `<mlp>.out`; what they leave out is not computed.
 *
 *   compact    y = W₂[:, core]·f(W₁[core]·x)
 *   gathered   g = f(W₁·x),  i = top k of |g|,  y = Σᵢ gᵢ·(V[i]·x)·W₂[:, i]      (without V where nothing is gated)
 */
import { NameError, NeuronbookError, ShapeError } from '../../base/errors.ts';
import { Tensor } from '../../base/tensor.ts';
import { int } from '../../engine/attributes.ts';
import { gatherElements } from '../../engine/functions-indexing.ts';
import { abs, add, gather, int64s, matmul, mul, relu, sigmoid, squeeze, unsqueeze } from '../../engine/functions.ts'; // prettier-ignore
import type { Var } from '../../engine/var.ts';
import type { Edit } from '../../model/edits.ts';
import type { Model } from '../../model/model.ts';

/** What an MLP of `nn.mlp` or `nn.gatedMlp` is made of. */
interface Parts {
  /** hidden × F */
  readonly pre: Tensor;
  readonly preBias?: Tensor;
  readonly up?: Tensor;
  readonly upBias?: Tensor;
  /** F × hidden */
  readonly out: Tensor;
  readonly outBias?: Tensor;
  readonly activate: (x: Var) => Var;
}

function partsOf({ graph: { constants }, sites }: Model, mlp: string): Parts {
  const weight = (part: string) => constants.get(`${mlp}.${part}`);
  const [pre, out, up] = [weight('pre.weight'), weight('out.weight'), weight('up.weight')];
  if (!pre || !out) {
    const known = [...constants.keys()].flatMap(name => /^(.*)\.pre\.weight$/.exec(name)?.[1] ?? []);
    throw new NameError('MLP', mlp, known, 'its weights are not in this file under their documented names');
  }
  const { op } = sites.get(`${mlp}.${up ? 'gate' : 'post'}`);
  const gelu = (approximate: string) => (x: Var) => x.trace.apply('Gelu', [x], { approximate })[0];
  const known: Record<string, Parts['activate']> = { Relu: relu, Gelu: gelu('none') };
  // x·σ(x) is written as two nodes, the second a product
  const activate = known[op] ?? (up && op === 'Mul' ? (x: Var) => mul(x, sigmoid(x)) : undefined);
  if (!activate)
    throw new NeuronbookError(`${mlp} has ${op} for its activation; expected ReLU, GELU, or a gate of SiLU`);
  const biases = { preBias: weight('pre.bias'), upBias: weight('up.bias'), outBias: weight('out.bias') };
  return { pre, out, up, ...biases, activate };
}

/** The rows of a matrix, or the entries of a vector, that are named. */
function rowsOf({ dtype, dims: [count, ...rest], data }: Tensor, rows: readonly number[]): Tensor {
  const width = data.length / count;
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, i) =>
    picked.set((data as Float32Array).subarray(row * width, (row + 1) * width), i * width),
  );
  return new Tensor('float32', [rows.length, ...rest], picked).cast(dtype);
}

/** hidden × F from F × hidden. */
function turned({ dtype, dims: [rows, columns], data }: Tensor): Tensor {
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = (data as Float32Array)[i * columns + j];
  return new Tensor('float32', [columns, rows], out).cast(dtype);
}

/** x·Wᵀ + b */
function product(x: Var, weight: Tensor, bias: Tensor | undefined): Var {
  const y = matmul(x, x.trace.constant(turned(weight)));
  return bias ? add(y, x.trace.constant(bias)) : y;
}

/**
 * Only some units of an MLP are left, and only they are computed: its matrices are cut to them. Computes what
 * `sparsity.keep('<mlp>.post', channels)` computes, to rounding.
 * @param mlp its name, such as `blocks.1.mlp`
 * @throws NameError where there is no such MLP; ShapeError on a unit that it does not have
 * @example const small = gpt.edit(sparsity.compact(gpt, 'blocks.1.mlp', [0, 2, 5]))
 */
export function compact(model: Model, mlp: string, channels: readonly number[]): Edit {
  const parts = partsOf(model, mlp);
  const [hidden] = parts.pre.dims;
  const stray = channels.find(channel => !Number.isInteger(channel) || channel < 0 || channel >= hidden);
  if (stray !== undefined || !channels.length)
    throw new ShapeError(
      `units of ${mlp}: ${stray ?? 'none'}; expected at least one, from 0 to ${hidden - 1}`,
    );
  const cut = (of: Tensor | undefined) => of && rowsOf(of, channels);
  const outRows = rowsOf(turned(parts.out), channels);
  return {
    site: `${mlp}.out`,
    reads: [`${mlp}.in`],
    text: `compact('${mlp}', ${channels.length} of ${hidden} units)`,
    build(_value, _site, [{ value: x }]) {
      const g = parts.activate(product(x, cut(parts.pre)!, cut(parts.preBias)));
      const h = parts.up ? mul(g, product(x, cut(parts.up)!, cut(parts.upBias))) : g;
      const y = matmul(h, x.trace.constant(outRows));
      return parts.outBias ? add(y, x.trace.constant(parts.outBias)) : y;
    },
  };
}

/**
 * The k units with the largest |f(W₁·x)| of every token, found anew each time; of the other matrices only their rows are
 * read. Computes what `sparsity.topK` at the gate (or at `<mlp>.post` where nothing is gated) computes, to rounding.
 * For one token at a time: of many, each gathers rows of its own, which is slower than the product it replaces.
 * @param mlp its name, such as `blocks.1.mlp`
 * @throws NameError where there is no such MLP; ShapeError where k is no number of units
 * @example const fewer = gpt.edit(sparsity.gathered(gpt, 'blocks.1.mlp', { k: 4 }))
 */
export function gathered(model: Model, mlp: string, { k }: { k: number }): Edit {
  const parts = partsOf(model, mlp);
  const [hidden] = parts.pre.dims;
  if (!Number.isInteger(k) || k < 1 || k > hidden)
    throw new ShapeError(`top ${k} of ${hidden} units of ${mlp}; expected 1 to ${hidden}`);
  const outRows = turned(parts.out);
  return {
    site: `${mlp}.out`,
    reads: [`${mlp}.in`],
    text: `gathered('${mlp}', ${k} of ${hidden} units)`,
    build(_value, _site, [{ value: x }]) {
      const { trace } = x;
      const last = x.dims.length - 1;
      const g = parts.activate(product(x, parts.pre, parts.preBias));
      const count = int64s(trace, [k]);
      const [, places] = trace.apply(
        'TopK',
        [abs(g), count],
        { axis: int(-1), sorted: int(0) },
        { outputs: 2 },
      );
      let h = gatherElements(g, places, last);
      if (parts.up) {
        // …×k×F rows times …×F×1
        const rows = gather(trace.constant(parts.up), places);
        let u = squeeze(matmul(rows, unsqueeze(x, [last + 1])), [last + 1]);
        if (parts.upBias) u = add(u, gather(trace.constant(parts.upBias), places));
        h = mul(h, u);
      }
      // …×1×k times …×k×F rows
      const y = squeeze(matmul(unsqueeze(h, [last]), gather(trace.constant(outRows), places)), [last]);
      return parts.outBias ? add(y, trace.constant(parts.outBias)) : y;
    },
  };
}
