/**
 * Pictures held against those that were kept in `snapshots`. Squares of some pixels are compared rather than pixels: the
 * letters of another machine's fonts differ, shapes, colours and places may not. A picture that changed is written beside
 * the kept one; `NEURONBOOK_KEEP=1` keeps what there is now.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import { decodePng } from '../kernel/base/png.ts';

const folder = new URL('./snapshots/', import.meta.url);
const SIDE = 8;
/** Levels of 255 between two squares that look alike, the share of those that may not, and the mean of all. */
const tolerance = { level: 20, share: 0.04, mean: 4 };
/** Pixels by which another font's lines may make a view taller. */
const TALLER = 48;

export interface Apart {
  share: number;
  mean: number;
  /** Pixels between the sizes. */
  width: number;
  height: number;
}

type Picture = ReturnType<typeof decodePng>;

/** How far two PNG files are apart, where both have pixels; where on the page a view begins moves it by a pixel at most. */
export function apart(one: Uint8Array, other: Uint8Array): Apart {
  const [a, b] = [one, other].map(decodePng);
  const [still, ...others] = [0, 1, -1].map(down => shifted(a, b, down));
  return others.reduce((best, next) => (next.mean < best.mean ? next : best), still);
}

/** @param down pixels by which the second is moved down */
function shifted(a: Picture, b: Picture, down: number): Apart {
  const [width, height] = [Math.min(a.width, b.width), Math.min(a.height, b.height) - 1];
  let [squares, far, sum] = [0, 0, 0];
  for (let top = 1; top + SIDE <= height; top += SIDE)
    for (let left = 0; left + SIDE <= width; left += SIDE) {
      let furthest = 0;
      for (let c = 0; c < 3; c++) {
        let difference = 0;
        for (let y = top; y < top + SIDE; y++)
          for (let x = left; x < left + SIDE; x++)
            difference +=
              a.data[(y * a.width + x) * a.channels + c] -
              b.data[((y - down) * b.width + x) * b.channels + c];
        furthest = Math.max(furthest, Math.abs(difference) / SIDE ** 2);
      }
      squares++;
      sum += furthest;
      if (furthest > tolerance.level) far++;
    }
  return {
    share: far / squares,
    mean: sum / squares,
    width: Math.abs(a.width - b.width),
    height: Math.abs(a.height - b.height),
  };
}

export const alike = ({ share, mean, width, height }: Apart): boolean =>
  share <= tolerance.share && mean <= tolerance.mean && width <= SIDE && height <= TALLER;

/** @returns the picture that was taken */
export async function compared(target: Locator, name: string): Promise<Buffer> {
  mkdirSync(folder, { recursive: true });
  const [kept, changed] = [`${name}.png`, `${name}-changed.png`].map(file => new URL(file, folder));
  const taken = await target.screenshot({ animations: 'disabled' });
  rmSync(changed, { force: true });
  if (process.env.NEURONBOOK_KEEP) writeFileSync(kept, taken);
  else if (!existsSync(kept)) writeFileSync(changed, taken);
  expect(existsSync(kept), `${kept.pathname} is missing: look at ${changed.pathname}, and keep it`).toBe(
    true,
  );
  const difference = apart(readFileSync(kept), taken);
  if (!alike(difference)) writeFileSync(changed, taken);
  expect
    .soft({ name, alike: alike(difference) }, `${JSON.stringify(difference)}: look at ${changed.pathname}`)
    .toEqual({ name, alike: true });
  return taken;
}
