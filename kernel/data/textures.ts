/**
 * `textures`: seeded 48×48 pictures of fourteen classes, the data behind `zoo:textures`.
 *
 * Nine textures (stripes, slashes, checks, dots, rings, spiral, zigzag, bricks, fur) and five objects (star, cross,
 * melon, ball, kiwi). Each draw turns, scales and shifts its pattern, picks its colours, lays light over it, adds
 * distracting strokes and spots, and ends with sensor noise; one texture in four is seen through a window.
 *
 * One class has two faces: a `melon` is a green striped ball (`whole`) or a red half disc with seeds (`cut`).
 * A neuron that stands for it must answer to both, which makes it the example for multifaceted neurons. Balls of
 * other colours and green slices are classes of their own, so that shape alone does not give the melon away.
 */
import { NameError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Rng } from '../base/rng.ts';
import { Tensor } from '../base/tensor.ts';
import { hsv, mix, type Colour, type Draw, type Shader } from './draw.ts';
import { valueNoise } from './noise.ts';
import { patternRules, type Pattern } from './patterns.ts';

const SIDE = 48;
const AREA = SIDE * SIDE;

export type TextureClass = keyof typeof patternRules;

const classes = Object.keys(patternRules) as TextureClass[];
const facets = Object.fromEntries(
  classes.map(name => [name, Object.keys(patternRules[name].facets)]),
) as unknown as Readonly<Record<TextureClass, readonly string[]>>;

export interface TextureBatch {
  /** float32, N×3×48×48, red green blue in [0, 1]. */
  image: Tensor;
  /** int64, N: index into `textures.classes`. */
  label: Tensor;
  /** int64, N: index into `facets[class]`; 0 for classes with one appearance. */
  facet: Tensor;
}

export interface TextureOptions {
  /** A class by name or label; otherwise all classes in equal shares, in random order. */
  only?: TextureClass | number;
  /** An appearance by name or index, e.g. `'whole'` or `'cut'` of `melon`. */
  facet?: string | number;
}

const lightness = ([r, g, b]: Colour) => 0.3 * r + 0.59 * g + 0.11 * b;

const colour = (rng: Rng): Colour => hsv(rng.uniform(), rng.uniform() ** 0.7, rng.between(0.15, 1));

/** Two colours at least 0.25 apart in lightness; black and white if chance is unkind. */
function palette(rng: Rng): { ink: Colour; paper: Colour } {
  for (let attempt = 0; attempt < 40; attempt++) {
    const [ink, paper] = [colour(rng), colour(rng)];
    if (Math.abs(lightness(ink) - lightness(paper)) > 0.25) return { ink, paper };
  }
  return { ink: [0, 0, 0], paper: [1, 1, 1] };
}

/** Flat or clouded: what lies behind an object. */
function groundOf(rng: Rng, paper: Colour): Shader {
  const clouds = valueNoise(rng);
  const depth = rng.uniform() < 0.5 ? 0 : rng.between(0.1, 0.35);
  const scale = rng.between(1, 3);
  return (x, y, out) => {
    const shade = depth ? 1 + depth * (clouds(scale * x + 31, scale * y + 17) - 0.5) * 2 : 1;
    for (let c = 0; c < 3; c++) out[c] = paper[c] * shade;
  };
}

/** A texture seen through a round or square window in a wall. */
function windowed(rng: Rng, shader: Shader): Shader {
  const wall = colour(rng);
  const reach = rng.between(0.65, 0.95);
  const round = rng.uniform() < 0.5;
  return (x, y, out) => {
    shader(x, y, out);
    const distance = (round ? Math.sqrt(x * x + y * y) : Math.max(Math.abs(x), Math.abs(y))) - reach;
    mix(out, wall, Math.max(0, Math.min(1, 0.5 + (distance * SIDE) / 2)));
  };
}

/** A short stroke or a small spot: as much of it as covers (x, y). */
function distractor(rng: Rng): { colour: Colour; cover: (x: number, y: number) => number } {
  const [cx, cy] = [rng.between(-1, 1), rng.between(-1, 1)];
  const long = rng.uniform() < 0.5 ? 0 : rng.between(0.15, 0.5);
  const thick = long ? rng.between(0.02, 0.05) : rng.between(0.05, 0.14);
  const angle = rng.between(0, Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const soft = SIDE / 2;
  return {
    colour: colour(rng),
    cover(x, y) {
      const [dx, dy] = [x - cx, y - cy];
      const along = Math.max(0, Math.abs(dx * cos + dy * sin) - long);
      const aside = dy * cos - dx * sin;
      const distance = Math.sqrt(along * along + aside * aside) - thick;
      return Math.max(0, Math.min(1, 0.5 - distance * soft));
    },
  };
}

/** Grain in [−½, ½): the linear congruential generator of Numerical Recipes, since noise alone needs no better. */
function grainOf(rng: Rng): () => number {
  let state = rng.integer(2 ** 32) | 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) | 0) / 2 ** 32;
}

/** One picture into `out[start …]`, three planes of 48×48. */
function paint(rng: Rng, pattern: Pattern, facet: string, out: Float32Array, start: number): void {
  const { ink, paper } = palette(rng);
  const turn = rng.between(-pattern.turn, pattern.turn);
  const zoom = pattern.kind === 'object' ? rng.between(0.85, 1.35) : rng.between(0.8, 1.25);
  const shear = rng.between(-0.12, 0.12);
  const shift = pattern.kind === 'object' ? 0.22 : 0.3;
  const [sx, sy] = [rng.between(-shift, shift), rng.between(-shift, shift)];
  const [cos, sin] = [Math.cos(turn) * zoom, Math.sin(turn) * zoom];

  const draw: Draw = { rng, pixel: (2 / SIDE) * zoom, ink, paper, ground: groundOf(rng, paper) };
  const drawn = pattern.facets[facet](draw);
  const shader = pattern.kind === 'texture' && rng.uniform() < 0.25 ? windowed(rng, drawn) : drawn;

  // light: brighter to one side, and a little gain
  const [gain, tilt, from] = [rng.between(0.8, 1.1), rng.between(0, 0.35), rng.between(0, 2 * Math.PI)];
  const [lx, ly] = [tilt * Math.cos(from), tilt * Math.sin(from)];
  const strokes = Array.from({ length: rng.integer(4) }, () => distractor(rng));
  const noise = rng.between(0.01, 0.12);
  const grain = grainOf(rng);

  const pixel = new Float64Array(3);
  for (let row = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE; column++) {
      const x = (2 * column + 1) / SIDE - 1;
      const y = (2 * row + 1) / SIDE - 1;
      const [u, v] = [x - sx + shear * y, y - sy];
      shader(u * cos + v * sin, v * cos - u * sin, pixel);
      for (const stroke of strokes) {
        const cover = stroke.cover(x, y);
        if (cover > 0) mix(pixel, stroke.colour, cover);
      }
      const light = gain * (1 + lx * x + ly * y);
      const grey = grain();
      for (let c = 0, at = start + row * SIDE + column; c < 3; c++, at += AREA) {
        const value = pixel[c] * light + noise * (grey + grain());
        out[at] = value < 0 ? 0 : value > 1 ? 1 : value;
      }
    }
}

function labelOf(only: TextureClass | number): number {
  const label = typeof only === 'number' ? only : classes.indexOf(only);
  if (label in classes) return label;
  throw new NameError('texture class', String(only), nearest(String(only), classes));
}

function facetOf(rng: Rng, label: number, wanted: string | number | undefined): number {
  const names = facets[classes[label]];
  if (wanted === undefined) return names.length > 1 ? rng.integer(names.length) : 0;
  const facet = typeof wanted === 'number' ? wanted : names.indexOf(wanted);
  if (facet in names) return facet;
  throw new NameError(`appearance of ${classes[label]}`, String(wanted), nearest(String(wanted), names));
}

/**
 * Seeded pictures of fourteen classes. What each looks like is at the head of the file.
 * @example const { image, label } = textures.batch(rng('tour'), 4, { only: 'zigzag' })
 */
export const textures = {
  /** Height and width of a picture. */
  size: SIDE,
  /** The fourteen classes; a label is an index into these. */
  classes: classes as readonly TextureClass[],
  /** The appearances of each class: one for all but `melon`. */
  facets,

  /** One picture, 1×3×48×48, with its label. */
  draw: (
    rng: Rng,
    only?: TextureClass | number,
    { facet }: Pick<TextureOptions, 'facet'> = {},
  ): TextureBatch => textures.batch(rng, 1, { only, facet }),

  /**
   * `count` pictures. The stream moves on: the next call gives new ones.
   * `into` is a batch to overwrite, so that a training loop allocates nothing.
   */
  batch(
    rng: Rng,
    count: number,
    { only, facet, into }: TextureOptions & { into?: TextureBatch } = {},
  ): TextureBatch {
    const batch = into ?? {
      image: new Tensor('float32', [count, 3, SIDE, SIDE], new Float32Array(count * 3 * AREA)),
      label: new Tensor('int64', [count], new BigInt64Array(count)),
      facet: new Tensor('int64', [count], new BigInt64Array(count)),
    };
    if (batch.label.size !== count)
      throw new ShapeError(`batch to overwrite holds ${batch.label.size} pictures; expected ${count}`);
    const order = rng.permutation(count);
    const first = rng.integer(classes.length);
    for (let i = 0; i < count; i++) {
      const label = only === undefined ? (order[i] + first) % classes.length : labelOf(only);
      const look = facetOf(rng, label, facet);
      const name = classes[label];
      paint(rng, patternRules[name], facets[name][look], batch.image.data as Float32Array, i * 3 * AREA);
      (batch.label.data as BigInt64Array)[i] = BigInt(label);
      (batch.facet.data as BigInt64Array)[i] = BigInt(look);
    }
    return batch;
  },
};
