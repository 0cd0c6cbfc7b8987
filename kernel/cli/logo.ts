/** The kernel's icon: three neurons and the weights between them, as svg and drawn to pixels from the same numbers. */
import { encodePng } from '../base/png.ts';

const BLUE = [0x31, 0x78, 0xc6] as const;
const WHITE = [0xff, 0xff, 0xff] as const;

/** In units of a 32-unit square. */
const neurons = [
  { x: 9, y: 9, r: 3 },
  { x: 9, y: 23, r: 3 },
  { x: 23, y: 16, r: 4.5 },
] as const;
const weights = [
  [neurons[0], neurons[2]],
  [neurons[1], neurons[2]],
] as const;
const STROKE = 2;
const CORNER = 6;

export const logoSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" role="img" aria-label="neuronbook">
  <rect width="32" height="32" rx="${CORNER}" fill="#3178c6"/>
  <g stroke="#fff" stroke-width="${STROKE}" fill="#fff">
${weights.map(([a, b]) => `    <line x1="${a.x}" y1="${a.y}" x2="${b.x}" y2="${b.y}"/>`).join('\n')}
${neurons.map(({ x, y, r }) => `    <circle cx="${x}" cy="${y}" r="${r}" stroke="none"/>`).join('\n')}
  </g>
</svg>
`;

/** Each pixel is the mean of a few samples, so that edges are smooth. */
export function logoPng(size: number, samples = 4): Uint8Array {
  const data = new Uint8Array(size * size * 4);
  const unit = 32 / size;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      let inside = 0;
      let white = 0;
      for (let i = 0; i < samples * samples; i++) {
        const x = (column + ((i % samples) + 0.5) / samples) * unit;
        const y = (row + (Math.floor(i / samples) + 0.5) / samples) * unit;
        if (!inSquare(x, y)) continue;
        inside++;
        if (inDrawing(x, y)) white++;
      }
      const share = inside ? white / inside : 0;
      const colour = BLUE.map((blue, i) => Math.round(blue + (WHITE[i] - blue) * share));
      data.set([...colour, Math.round((255 * inside) / (samples * samples))], 4 * (row * size + column));
    }
  return encodePng({ width: size, height: size, channels: 4, data });
}

/** The rounded square: no farther than the corner's radius from the inner square. */
function inSquare(x: number, y: number): boolean {
  const dx = Math.max(CORNER - x, x - (32 - CORNER), 0);
  const dy = Math.max(CORNER - y, y - (32 - CORNER), 0);
  return Math.hypot(dx, dy) <= CORNER;
}

const inDrawing = (x: number, y: number): boolean =>
  neurons.some(neuron => Math.hypot(x - neuron.x, y - neuron.y) <= neuron.r) ||
  weights.some(([a, b]) => distance(x, y, a, b) <= STROKE / 2);

/** From a point to the segment between two neurons. */
function distance(x: number, y: number, a: { x: number; y: number }, b: { x: number; y: number }): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const along = Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
}
