/** How far the axes of a figure reach: the same in the picture and in its description. */
import type { Figure } from './figure.ts';
import { extentOf } from './scale.ts';

export interface Extents {
  x: [number, number];
  y: [number, number];
}

export function extentsOf({ x, y, layers }: Figure): Extents {
  const xs: number[] = [];
  const ys: number[] = [];
  let pad = 0.03;
  for (const layer of layers) {
    if (layer.type === 'cells') {
      xs.push(-0.5, (layer.z[0]?.length ?? 1) - 0.5);
      ys.push(-0.5, layer.z.length - 0.5);
      pad = 0;
      continue;
    }
    for (const value of layer.y) ys.push(value);
    if (layer.type === 'bars') {
      for (const value of layer.x) xs.push(value - layer.width / 2, value + layer.width / 2);
      // bars stand on zero
      if (!y.log) ys.push(0);
    } else for (const value of layer.x) xs.push(value);
  }
  return {
    x: x.range ? [...x.range] : extentOf(xs, { log: x.log, pad: Math.min(pad, 0.02) }),
    y: y.range ? [...y.range] : floored(extentOf(ys, { log: y.log, pad }), ys, y.log),
  };
}

/** What is never negative starts at zero rather than a little below it. */
const floored = ([low, high]: [number, number], values: readonly number[], log = false): [number, number] =>
  !log && low < 0 && values.every(value => !(value < 0)) ? [0, high] : [low, high];
