/** Ops that blank out or rearrange elements by their place: triangles, blocks of space, reversed sequences. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, wrapAxis, type Dims } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { intOf, intsOf, textOf } from '../attributes.ts';
import { apply, pad, reshape, slice, transpose } from '../functions.ts';
import type { Call, Op } from '../op.ts';
import type { Var } from '../var.ts';
import { assemble } from './folding.ts';
import { constantInts, need, sameAsFirst } from './makers.ts';

/** Whether place (row, column) stays, for a diagonal `k` above the main one. */
const stays = (call: Call, k: number): ((row: number, column: number) => boolean) =>
  intOf(call.attributes, 'upper', 1)
    ? (row, column) => column - row >= k
    : (row, column) => column - row <= k;

/** The upper or lower triangle of each matrix, zeros elsewhere: an attention mask. The gradient is cut likewise. */
export const Trilu: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    if (dims.length < 2) throw new ShapeError(`Trilu of ${dims.length} axes; expected matrices`);
    return [{ dtype, dims }];
  },
  fold(call) {
    const x = call.values[0]!;
    const zero = tensor([0], [], x.dtype);
    const kept = stays(call, Number(call.values[1]?.data[0] ?? 0));
    return [
      assemble([x, zero], x.dims, index => {
        const [row, column] = index.slice(-2);
        return kept(row, column) ? [0, index.reduce((flat, i, axis) => flat * x.dims[axis] + i, 0)] : [1, 0];
      }),
    ];
  },
  gradient: ({ dy, inputs, attributes }) => [() => apply('Trilu', [dy, inputs[1]], attributes)],
};

// ---- blocks of space

function blocksOf(call: Call): { size: number; dims: Dims } {
  const { dims } = need(call, 0);
  const size = intOf(call.attributes, 'blocksize', 0);
  if (dims.length !== 4 || size < 1)
    throw new ShapeError(
      `${call.op} of ${formatDims(dims)} in blocks of ${size}; expected N×C×H×W and a size`,
    );
  return { size, dims };
}

/** N×C×H×W → N×C·b²×H/b×W/b. Channel c of place (i, j) in its block becomes channel (i·b + j)·C + c. */
export const SpaceToDepth: Op = {
  infer(call) {
    const { size, dims } = blocksOf(call);
    const [n, c, h, w] = dims;
    if (h % size || w % size)
      throw new ShapeError(`${h}×${w} in blocks of ${size}; expected multiples of the block size`);
    return [{ dtype: need(call, 0).dtype, dims: [n, c * size * size, h / size, w / size] }];
  },
  // the same elements elsewhere, so dy is brought back by the inverse
  gradient: ({ dy, attributes }) => [() => apply('DepthToSpace', [dy], { ...attributes, mode: 'DCR' })],
};

/** N×C×H×W → N×C/b²×H·b×W·b. Depth first: channel (i·b + j)·C/b² + c; column-row: channel (c·b + i)·b + j. */
export const DepthToSpace: Op = {
  infer(call) {
    const { size, dims } = blocksOf(call);
    const [n, c, h, w] = dims;
    if (c % (size * size))
      throw new ShapeError(`${c} channels in blocks of ${size}; expected a multiple of ${size * size}`);
    return [{ dtype: need(call, 0).dtype, dims: [n, c / (size * size), h * size, w * size] }];
  },
  gradient: call => [
    () => {
      if (textOf(call.attributes, 'mode', 'DCR') === 'DCR')
        return apply('SpaceToDepth', [call.dy], { blocksize: call.attributes.blocksize });
      const { size, dims } = blocksOf(call);
      const [n, c, h, w] = dims;
      const blocks = reshape(call.dy, [n, c / (size * size), h, size, w, size]);
      return reshape(transpose(blocks, [0, 1, 3, 5, 2, 4]), dims);
    },
  ],
};

// ---- whole axes

/** The first lengths[i] elements of sequence i, last to first. Doing it again undoes it. */
export const ReverseSequence: Op = {
  infer: sameAsFirst,
  gradient: ({ dy, inputs, attributes }) => [() => apply('ReverseSequence', [dy, inputs[1]], attributes)],
};

/** Each axis cut or padded with zeros to a given size, evenly on both sides; an odd one more at the end. */
export const CenterCropPad: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const made = [...dims];
    targetsOf(call).forEach(([axis, size]) => (made[axis] = size));
    return [{ dtype, dims: made }];
  },
  expand(call) {
    const x = call.inputs[0]!;
    return [targetsOf(call).reduce((made, [axis, size]) => centred(made, axis, size), x)];
  },
};

function targetsOf(call: Call): [axis: number, size: number][] {
  const { dims } = need(call, 0);
  const sizes = constantInts(call, 1, 'shape')!;
  const axes = intsOf(call.attributes, 'axes') ?? dims.map((_, axis) => axis);
  return axes.map((axis, i) => [wrapAxis(axis, dims.length), sizes[i]]);
}

function centred(x: Var, axis: number, size: number): Var {
  const before = Math.floor(Math.abs(x.dims[axis] - size) / 2);
  if (x.dims[axis] > size) return slice(x, [before], [before + size], [axis]);
  const pads = new Array<number>(2 * x.dims.length).fill(0);
  pads[axis] = before;
  pads[axis + x.dims.length] = size - x.dims[axis] - before;
  return pad(x, pads);
}
