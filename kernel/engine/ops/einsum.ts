/** Einsum: sums of products, named by their axes. Its gradient is another of the same kind. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, type Dims } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { textOf } from '../attributes.ts';
import { apply, expand, mul, reshape } from '../functions.ts';
import type { Call, Op } from '../op.ts';
import type { Var } from '../var.ts';
import { need } from './makers.ts';

/** An equation in which every axis has one letter, those of an ellipsis too. */
interface Equation {
  readonly operands: readonly string[];
  readonly output: string;
  /** How long the axis of each letter is. */
  readonly sizes: ReadonlyMap<string, number>;
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function equationOf(call: Call): Equation {
  const text = textOf(call.attributes, 'equation', '').replace(/\s/g, '');
  const [left, right] = text.split('->');
  const terms = left.split(',');
  if (terms.length !== call.inputs.length)
    throw new ShapeError(`equation ${text} for ${call.inputs.length} inputs; expected ${terms.length}`);
  // an ellipsis stands for as many axes as its operand has more than letters; they are aligned from the right
  const free = [...letters].filter(letter => !text.includes(letter));
  const spans = terms.map((term, i) => need(call, i).dims.length - term.replace('...', '').length);
  const widest = Math.max(0, ...spans.filter((_, i) => terms[i].includes('...')));
  const hidden = free.slice(0, widest).join('');
  const operands = terms.map((term, i) => term.replace('...', hidden.slice(widest - spans[i])));

  const sizes = new Map<string, number>();
  operands.forEach((operand, i) => {
    const { dims } = need(call, i);
    if (operand.length !== dims.length)
      throw new ShapeError(`${terms[i]} names ${operand.length} axes; input ${i} is ${formatDims(dims)}`);
    [...operand].forEach((letter, axis) => {
      const size = sizes.get(letter) ?? 1;
      if (size !== 1 && dims[axis] !== 1 && size !== dims[axis])
        throw new ShapeError(`axis ${letter} of ${text} is ${size} and ${dims[axis]}; expected one size`);
      sizes.set(letter, Math.max(size, dims[axis]));
    });
  });
  // without an arrow: the ellipsis, then every letter that stands once, in alphabetical order
  const named = left.replace(/[^a-zA-Z]/g, '');
  const once = [...named].filter(letter => named.indexOf(letter) === named.lastIndexOf(letter)).sort();
  const output = right === undefined ? hidden + once.join('') : right.replace('...', hidden);
  return { operands, output, sizes };
}

/** x without the axes that are 1 where others are longer: they stretch, and an equation has one size for a letter. */
function unstretched(x: Var, operand: string, sizes: Equation['sizes']): [Var, string] {
  const kept = [...operand].map((letter, axis) => x.dims[axis] === sizes.get(letter));
  return [
    reshape(
      x,
      x.dims.filter((_, axis) => kept[axis]),
    ),
    [...operand].filter((_, axis) => kept[axis]).join(''),
  ];
}

/**
 * ∂L/∂(operand i) sums dy times the other operands over every letter that operand i lacks. A letter that only
 * operand i has was summed away alone: there its gradient is stretched. A letter that stands twice in it named a
 * diagonal: there its gradient is put on that diagonal.
 */
function operandGradient(
  call: Call<Var>,
  dy: Var,
  index: number,
  { operands, output, sizes }: Equation,
): Var {
  const parts = call.inputs.map((input, i) => unstretched(input!, operands[i], sizes));
  const [own, ownLetters] = parts[index];
  const others = parts.filter((_, i) => i !== index);
  const wanted = [...new Set(ownLetters)];
  const known = wanted.filter(letter =>
    [output, ...others.map(([, text]) => text)].join('').includes(letter),
  );
  const equation = `${[output, ...others.map(([, text]) => text)].join()}->${known.join('')}`;
  const sum = apply('Einsum', [dy, ...others.map(([x]) => x)], { equation });
  const place = (names: string, present: readonly string[]): Dims =>
    [...names].map(letter => (present.includes(letter) ? sizes.get(letter)! : 1));

  const whole = expand(
    reshape(sum, place(wanted.join(''), known)),
    wanted.map(letter => sizes.get(letter)!),
  );
  return reshape(diagonal(whole, wanted.join(''), ownLetters, own.dims), call.inputs[index]!.dims);
}

/** x, whose axes are `from`, on the diagonals that repeated letters of `to` name. */
function diagonal(x: Var, from: string, to: string, dims: Dims): Var {
  if (from === to) return x;
  const first = [...to].map((letter, axis) => to.indexOf(letter) === axis);
  const spread = reshape(
    x,
    dims.map((dim, axis) => (first[axis] ? dim : 1)),
  );
  // one mask of ones on the diagonal per axis that repeats an earlier one
  return [...to].reduce((made, letter, axis) => {
    if (first[axis]) return made;
    const size = dims[axis];
    const ones = Float32Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0));
    const at = dims.map((_, a) => (a === axis || a === to.indexOf(letter) ? size : 1));
    return mul(made, x.trace.constant(tensor(ones, at).cast(x.dtype)));
  }, spread);
}

export const Einsum: Op = {
  infer(call) {
    const { output, sizes } = equationOf(call);
    return [{ dtype: need(call, 0).dtype, dims: [...output].map(letter => sizes.get(letter)!) }];
  },
  gradient(call) {
    const equation = equationOf(call);
    return call.inputs.map((_, index) => () => operandGradient(call, call.dy, index, equation));
  },
};
