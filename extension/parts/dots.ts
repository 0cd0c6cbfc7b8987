/**
 * Dots of scatter plots, put onto a picture pixel by pixel: some thousands of them are ready within a frame where drawing
 * commands, without a graphics card, would take several.
 */
import { el } from './dom.ts';

/** Plotly's own idea of how points look, once it has filled in what a chart leaves out. */
export interface Marker {
  color?: unknown;
  size?: number;
  opacity?: number;
  colorscale?: [number, string][];
  reversescale?: boolean;
  cmin?: number;
  cmax?: number;
}

/** Whole pixels of the picture that dots may cover. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Colours that a scale is told apart by. */
const STEPS = 64;
/** Places within a pixel, in each direction, that a dot's middle is told apart by. */
const PHASES = 4;

export class Dots {
  /** Of each phase, how much of each pixel around the middle is covered, 0 … 1, row by row. */
  private readonly stamps: Float32Array[] = [];
  private readonly reach: number;
  /** Red, green, blue and opacity of each colour. */
  private readonly colors: Uint8ClampedArray;
  private readonly colorOf: (index: number) => number;

  /**
   * @param values a number for each point's colour
   * @param size across, in pixels of the picture
   */
  constructor(marker: Marker, values: ArrayLike<number> | undefined, size: number, opacity: number) {
    this.reach = Math.ceil(size / 2) + 1;
    for (let phase = 0; phase < PHASES * PHASES; phase++)
      this.stamps.push(stampOf(size, this.reach, phase % PHASES, Math.floor(phase / PHASES), opacity));
    const { color, colorscale = [], reversescale = false, cmin = 0, cmax = 1 } = marker;
    this.colors = values ? rampOf(colorscale, reversescale) : rampOf([[0, String(color ?? '#888')]], false);
    this.colorOf = values
      ? i => {
          const share = (values[i] - cmin) / (cmax - cmin || 1);
          return Math.min(STEPS - 1, Math.max(0, Math.floor(share * STEPS) || 0));
        }
      : () => 0;
  }

  /** Puts the dot of one point over what the picture shows, its middle at (x, y), and none of it outside the box. */
  put({ data, width }: ImageData, box: Box, x: number, y: number, index: number): void {
    const { reach, colors } = this;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const phase = PHASES * Math.floor((y - row) * PHASES) + Math.floor((x - column) * PHASES);
    const stamp = this.stamps[phase];
    const side = 2 * reach + 1;
    const color = 4 * this.colorOf(index);
    const [red, green, blue, alpha] = [
      colors[color],
      colors[color + 1],
      colors[color + 2],
      colors[color + 3],
    ];
    const [left, right] = [Math.max(box.left, column - reach), Math.min(box.right - 1, column + reach)];
    const bottom = Math.min(box.bottom - 1, row + reach);
    for (let j = Math.max(box.top, row - reach); j <= bottom; j++) {
      const line = (j - row + reach) * side - column + reach;
      for (let i = left; i <= right; i++) {
        const over = stamp[line + i] * alpha;
        if (over === 0) continue;
        const at = 4 * (j * width + i);
        // a = aₒ + aᵤ(1 − aₒ),  c = (cₒaₒ + cᵤaᵤ(1 − aₒ)) / a
        const under = data[at + 3] * (1 - over / 255);
        const share = over / (over + under);
        data[at] += (red - data[at]) * share;
        data[at + 1] += (green - data[at + 1]) * share;
        data[at + 2] += (blue - data[at + 2]) * share;
        data[at + 3] = over + under;
      }
    }
  }
}

/** Shares of the pixels around a disc's middle, which is so many phases into the middle pixel. */
function stampOf(size: number, reach: number, right: number, down: number, opacity: number): Float32Array {
  const side = 2 * reach + 1;
  const middle = (phase: number) => reach + (phase + 0.5) / PHASES;
  return Float32Array.from({ length: side * side }, (_, i) => {
    const distance = Math.hypot((i % side) + 0.5 - middle(right), Math.floor(i / side) + 0.5 - middle(down));
    return opacity * Math.min(1, Math.max(0, size / 2 + 0.5 - distance));
  });
}

/** Colours at equal steps of a scale of any CSS colours, four bytes each. */
function rampOf(scale: readonly [number, string][], reversed: boolean): Uint8ClampedArray {
  const context = el('canvas', { width: STEPS, height: 1 }).getContext('2d');
  if (!context) return new Uint8ClampedArray(4 * STEPS).fill(136);
  const gradient = context.createLinearGradient(0, 0, STEPS, 0);
  for (const [at, color] of scale) gradient.addColorStop(reversed ? 1 - at : at, color);
  context.fillStyle = gradient;
  context.fillRect(0, 0, STEPS, 1);
  return context.getImageData(0, 0, STEPS, 1).data;
}
