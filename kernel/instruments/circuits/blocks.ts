/** The blocks of a network whose sites have canonical names, and the axes of what is read there. */
import { NameError, ShapeError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { formatDims } from '../../base/shape.ts';
import { Tensor } from '../../base/tensor.ts';
import type { Inputs, Model } from '../../model/model.ts';

/** `blocks.N.<kind>` for each block that has it, from the first. @throws NameError where none has */
export function blockSites(model: Model, kind: string): string[] {
  const names = model.sites.rows().map(({ name }) => name);
  const found = names.flatMap(name => {
    const match = /^blocks\.(\d+)\.(.+)$/.exec(name);
    return match?.[2] === kind ? [{ name, block: Number(match[1]) }] : [];
  });
  if (found.length > 0) return found.sort((a, b) => a.block - b.block).map(({ name }) => name);
  const kinds = [...new Set(names.flatMap(name => /^blocks\.\d+\.(.+)$/.exec(name)?.[1] ?? []))];
  throw new NameError('site of a block', kind, nearest(kind, kinds), 'sites of blocks are named blocks.N.…');
}

/** Which axes count positions and heads: by the names of docs/sites.md. Heads are undefined where there are none. */
export function axesOf(kind: string): { position: number; head?: number } {
  if (/^attn\.(scores|pattern)/.test(kind)) return { position: 2, head: 1 };
  return /^attn\.(q|k|v|z|result)(\.|$)/.test(kind) ? { position: 1, head: 2 } : { position: 1 };
}

/** The same example `count` times, along the batch. @throws ShapeError where a batch holds more than one */
export function repeated(inputs: Inputs, count: number): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => {
      if (!(value instanceof Object) || !('dims' in value))
        throw new ShapeError(`the input ${name} is no tensor; expected one with a batch of 1`);
      const given = value as Tensor;
      if (given.dims[0] !== 1)
        throw new ShapeError(
          `the input ${name} is ${formatDims(given.dims)}; expected a batch of 1: take one with \`.at(i)\` and reshape`,
        );
      return [name, stack(Array.from({ length: count }, () => given))];
    }),
  );
}

/** 1×… tensors of one shape, one behind the other: N×…. */
export function stack(rows: readonly Tensor[]): Tensor {
  const [first] = rows;
  const size = first.size;
  const data = first.data as Float32Array;
  const all = new (data.constructor as Float32ArrayConstructor)(size * rows.length);
  rows.forEach((row, i) => all.set(row.data as Float32Array, i * size));
  return new Tensor(first.dtype, [rows.length, ...first.dims.slice(1)], all);
}
