/** Dots of scatter plots, each look drawn once and then copied. */
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

/** Colours that a scale is told apart by. */
const STEPS = 64;

export class Dots {
  private readonly kept = new Map<string, HTMLCanvasElement>();

  /** The dot of each point, of so many pixels across; its middle is that of the canvas. */
  of(
    marker: Marker,
    colors: ArrayLike<number> | undefined,
    size: number,
  ): (index: number) => HTMLCanvasElement {
    if (!colors) {
      const dot = this.dot(String(marker.color ?? '#888'), size);
      return () => dot;
    }
    const { cmin = 0, cmax = 1, colorscale = [], reversescale = false } = marker;
    const dots = rampOf(colorscale, reversescale).map(color => this.dot(color, size));
    return i => {
      const share = (colors[i] - cmin) / (cmax - cmin || 1);
      return dots[Math.min(STEPS - 1, Math.max(0, Math.floor(share * STEPS) || 0))];
    };
  }

  private dot(color: string, size: number): HTMLCanvasElement {
    const key = `${color} ${size}`;
    const kept = this.kept.get(key);
    if (kept) return kept;
    const half = Math.ceil(size / 2) + 1;
    const dot = el('canvas', { width: 2 * half, height: 2 * half });
    const context = dot.getContext('2d');
    if (context) {
      context.fillStyle = color;
      context.beginPath();
      context.arc(half, half, size / 2, 0, 2 * Math.PI);
      context.fill();
    }
    this.kept.set(key, dot);
    return dot;
  }
}

/** Colours at equal steps of a scale of any CSS colours. */
function rampOf(scale: readonly [number, string][], reversed: boolean): string[] {
  const context = el('canvas', { width: STEPS, height: 1 }).getContext('2d');
  if (!context) return Array<string>(STEPS).fill('#888');
  const gradient = context.createLinearGradient(0, 0, STEPS, 0);
  for (const [at, color] of scale) gradient.addColorStop(reversed ? 1 - at : at, color);
  context.fillStyle = gradient;
  context.fillRect(0, 0, STEPS, 1);
  const { data } = context.getImageData(0, 0, STEPS, 1);
  return Array.from(
    { length: STEPS },
    (_, i) => `rgb(${data[4 * i]}, ${data[4 * i + 1]}, ${data[4 * i + 2]})`,
  );
}
