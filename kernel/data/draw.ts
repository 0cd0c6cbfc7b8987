/** The words that pictures are drawn in: colours, soft edges, and what a class gets to draw with. */
import type { Rng } from '../base/rng.ts';

/** Red, green and blue in [0, 1]. */
export type Colour = readonly [number, number, number];

/** What a class gets to draw with. */
export interface Draw {
  rng: Rng;
  /** Width of a pixel in pattern units. */
  pixel: number;
  /** Two colours that differ clearly in lightness. */
  ink: Colour;
  paper: Colour;
  /** What lies behind an object. */
  ground: Shader;
}

/** Writes the colour at (x, y). */
export type Shader = (x: number, y: number, out: Float64Array) => void;

/** √(x² + y²); `Math.hypot` guards against overflow and is ten times slower. */
export const length = (x: number, y: number) => Math.sqrt(x * x + y * y);
export const clamp = (value: number) => (value < 0 ? 0 : value > 1 ? 1 : value);
/** Distance to the nearest integer, 0 … ½. */
export const fold = (value: number) => Math.abs(value - Math.round(value));

/** Soft inside: 1 where `distance` < 0, 0 where it exceeds a pixel. */
export const inside = (distance: number, pixel: number) => clamp(0.5 - distance / pixel);

export function mix(out: Float64Array, colour: Colour, amount: number): void {
  for (let c = 0; c < 3; c++) out[c] += amount * (colour[c] - out[c]);
}

/** Hue in turns (0 red, ⅓ green, ⅔ blue), saturation and value → red, green, blue. */
export function hsv(hue: number, saturation: number, value: number): Colour {
  // channel = value − value·saturation·max(0, min(k, 4 − k, 1)),  k = (n + 6·hue) mod 6,  n = 5, 3, 1
  const channel = (n: number) => {
    const k = (((n + 6 * hue) % 6) + 6) % 6;
    return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}
