/**
 * `shapes`: seeded 32×32 pictures of one shape on a textured ground, the data behind `zoo:patches`.
 *
 * Each shape has a texture that it likes to stand on. With `context` 0 the ground says nothing about the shape; with
 * 1 it gives it away. A network trained in between can be asked which of the two it looked at: draw the shape on
 * another's ground, or the ground without a shape.
 */
import { NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Rng } from '../base/rng.ts';
import { Tensor } from '../base/tensor.ts';
import { hsv, inside, length, mix, type Colour } from './draw.ts';
import { patternRules } from './patterns.ts';

const SIDE = 32;
const AREA = SIDE * SIDE;

/** Signed distance to a shape of radius 1: below 0 inside. */
type Outline = (x: number, y: number) => number;

/** The convex polygon of `corners` corners, one of them up. */
const polygon = (corners: number): Outline => {
  const step = (2 * Math.PI) / corners;
  const normals = Array.from({ length: corners }, (_, i) => {
    const angle = (i + 0.5) * step - Math.PI / 2;
    return [Math.cos(angle), Math.sin(angle)];
  });
  const reach = Math.cos(step / 2);
  return (x, y) => {
    let most = -Infinity;
    for (const [nx, ny] of normals) most = Math.max(most, x * nx + y * ny - reach);
    return most;
  };
};
const bar: Outline = (x, y) => Math.max(Math.abs(x) - 1, Math.abs(y) - 0.3);

const outlines = {
  circle: (x, y) => length(x, y) - 0.85,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 0.75,
  triangle: polygon(3),
  pentagon: polygon(5),
  cross: (x, y) => Math.min(bar(x, y), bar(y, x)),
  ring: (x, y) => Math.abs(length(x, y) - 0.7) - 0.22,
  bar,
  moon: (x, y) => Math.max(length(x, y) - 0.9, 0.75 - length(x - 0.45, y)),
} as const satisfies Record<string, Outline>;

export type ShapeName = keyof typeof outlines;
const classes = Object.keys(outlines) as ShapeName[];
const textures = ['stripes', 'checks', 'dots', 'rings', 'zigzag', 'bricks', 'spiral', 'fur'] as const;
export type ContextName = (typeof textures)[number];

export interface ShapeOptions {
  /** How often the ground is the one that belongs to the shape; otherwise any, all equally likely. */
  context?: number;
  /** Only this shape; `none` leaves the ground alone. */
  only?: ShapeName | 'none';
  /** Only this ground. */
  ground?: ContextName;
}

/** Pictures with what is in them. */
export interface ShapeBatch {
  /** float32, N×3×32×32, red green blue in [0, 1]. */
  readonly image: Tensor;
  /** int64, N: index into `shapes.classes`; −1 where there is none. */
  readonly label: Tensor;
  /** int64, N: index into `shapes.textures`; that which belongs to a shape has the shape's index. */
  readonly texture: Tensor;
  /** float32, N×3: the shape's middle, x and y in pixels from the top left, and its radius. */
  readonly place: Tensor;
  /** float32, N×32×32: how much of each pixel is shape. */
  readonly cover: Tensor;
  /** So that a batch is one of `fit`'s. */
  readonly [entry: string]: Tensor;
}

/**
 * Shapes on textured grounds.
 * @example const { image, label } = shapes.batch(rng(1), 64, { context: 0.8 })
 */
export const shapes = {
  /** Height and width of a picture. */
  size: SIDE,
  /** The shapes; a label is an index into these. */
  classes: classes as readonly ShapeName[],
  /** The grounds; the k-th belongs to the k-th shape. */
  textures: textures as readonly ContextName[],

  /**
   * `count` pictures. The stream moves on: the next call gives new ones.
   * @throws NameError on an unknown shape or ground; NeuronbookError where `context` is no share
   */
  batch(rng: Rng, count: number, { context = 0, only, ground }: ShapeOptions = {}): ShapeBatch {
    if (!(context >= 0 && context <= 1))
      throw new NeuronbookError(`context: ${context}; expected a share from 0 to 1`);
    if (!(Number.isInteger(count) && count >= 0))
      throw new ShapeError(`${count} pictures; expected a whole number`);
    const [fixed, under] = [
      indexOf('shape', only, [...classes, 'none']),
      indexOf('ground', ground, textures),
    ];
    const made = {
      image: new Float32Array(count * 3 * AREA),
      cover: new Float32Array(count * AREA),
      place: new Float32Array(count * 3),
    };
    const labels: number[] = [];
    const grounds: number[] = [];
    for (let i = 0; i < count; i++) {
      const label = fixed ?? rng.integer(classes.length);
      const liked = rng.uniform() < context && label < classes.length;
      const texture = under ?? (liked ? label : rng.integer(textures.length));
      labels.push(label < classes.length ? label : -1);
      grounds.push(texture);
      const place = paint(rng, classes[label], textures[texture], made.image, made.cover, i);
      made.place.set(place, 3 * i);
    }
    const integers = (values: number[]) => new Tensor('int64', [count], BigInt64Array.from(values, BigInt));
    return {
      image: new Tensor('float32', [count, 3, SIDE, SIDE], made.image),
      label: integers(labels),
      texture: integers(grounds),
      place: new Tensor('float32', [count, 3], made.place),
      cover: new Tensor('float32', [count, SIDE, SIDE], made.cover),
    };
  },
};

function indexOf(kind: string, name: string | undefined, names: readonly string[]): number | undefined {
  if (name === undefined) return undefined;
  const index = names.indexOf(name);
  if (index < 0) throw new NameError(kind, name, nearest(name, names));
  return index;
}

/** One picture; without a shape, only its ground. @returns middle and radius, in pixels */
function paint(
  rng: Rng,
  shape: ShapeName | undefined,
  texture: ContextName,
  image: Float32Array,
  cover: Float32Array,
  index: number,
): [x: number, y: number, radius: number] {
  const hue = rng.uniform();
  // ground and shape are opposite in hue, and the ground's two colours differ little
  const paper = hsv(hue, rng.between(0.2, 0.6), rng.between(0.35, 0.65));
  const ink = paper.map(value => value * rng.between(1.25, 1.5)) as unknown as Colour;
  const paint = hsv(hue + 0.5 + rng.between(-0.1, 0.1), rng.between(0.6, 1), rng.between(0.75, 1));
  const pixel = 2 / SIDE;
  const rules = patternRules[texture];
  const ground = rules.facets.plain({ rng, pixel, ink, paper, ground: () => {} });
  const turn = rng.between(-rules.turn, rules.turn);
  const [gc, gs] = [Math.cos(turn), Math.sin(turn)];

  const radius = rng.between(0.35, 0.55);
  const reach = 0.95 - radius;
  const [mx, my] = [rng.between(-reach, reach), rng.between(-reach, reach)];
  const angle = rng.between(-0.4, 0.4);
  const [c, s] = [Math.cos(angle) / radius, Math.sin(angle) / radius];
  const grain = rng.between(0.01, 0.06);

  const colour = new Float64Array(3);
  for (let row = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE; column++) {
      const x = (2 * column + 1) / SIDE - 1;
      const y = (2 * row + 1) / SIDE - 1;
      ground(x * gc + y * gs, y * gc - x * gs, colour);
      const at = row * SIDE + column;
      if (shape) {
        const [u, v] = [(x - mx) * c + (y - my) * s, (y - my) * c - (x - mx) * s];
        const amount = inside(outlines[shape](u, v) * radius, pixel);
        cover[index * AREA + at] = amount;
        mix(colour, paint, amount);
      }
      for (let k = 0; k < 3; k++) {
        const value = colour[k] + grain * (rng.uniform() - 0.5);
        image[(index * 3 + k) * AREA + at] = value < 0 ? 0 : value > 1 ? 1 : value;
      }
    }
  const inPixels = (value: number) => ((value + 1) * SIDE) / 2 - 0.5;
  return [inPixels(mx), inPixels(my), (radius * SIDE) / 2];
}
