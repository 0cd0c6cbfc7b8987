/**
 * What each class of `textures` looks like: for one random draw, a function from a point of the plane to a colour.
 * The frame spans [−1, 1]² before `textures.ts` turns and shifts it. Edges are one pixel soft, so nothing aliases.
 */
import type { Rng } from '../base/rng.ts';
import { valueNoise, type Field } from './noise.ts';

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

export interface Pattern {
  /** Largest turn to either side, in radians; `Math.PI` is any. */
  turn: number;
  /** Objects stand on a ground; textures fill the frame. */
  kind: 'texture' | 'object';
  /** One shader per appearance; all but one class have one. */
  facets: Readonly<Record<string, (draw: Draw) => Shader>>;
}

const TAU = 2 * Math.PI;
/** √(x² + y²); `Math.hypot` guards against overflow and is ten times slower. */
const length = (x: number, y: number) => Math.sqrt(x * x + y * y);
const clamp = (value: number) => (value < 0 ? 0 : value > 1 ? 1 : value);
/** Distance to the nearest integer, 0 … ½. */
const fold = (value: number) => Math.abs(value - Math.round(value));

/** Soft inside: 1 where `distance` < 0, 0 where it exceeds a pixel. */
const inside = (distance: number, pixel: number) => clamp(0.5 - distance / pixel);

export function mix(out: Float64Array, colour: Colour, amount: number): void {
  for (let c = 0; c < 3; c++) out[c] += amount * (colour[c] - out[c]);
}

/** Ink where `cover` is 1, paper where it is 0. */
const inked =
  ({ ink, paper }: Draw, cover: Field): Shader =>
  (x, y, out) => {
    const amount = cover(x, y);
    for (let c = 0; c < 3; c++) out[c] = paper[c] + amount * (ink[c] - paper[c]);
  };

/** An object over its ground. */
const standing =
  ({ ground }: Draw, colour: Colour, cover: Field): Shader =>
  (x, y, out) => {
    ground(x, y, out);
    mix(out, colour, cover(x, y));
  };

/** Parallel bands of period `period`; `share` of it is ink. */
const bands = (period: number, share: number, pixel: number) => (position: number) =>
  inside(fold(position / period) * period - (share * period) / 2, pixel);

function stripes(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const period = rng.between(0.22, 0.55);
  const phase = rng.uniform();
  const band = bands(period, rng.between(0.35, 0.65), pixel);
  return inked(draw, (_, y) => band(y + phase));
}

function slashes(draw: Draw): Shader {
  const across = stripes(draw);
  // turned by 45°, so that they rise to the right
  return (x, y, out) => across((x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2, out);
}

function checks(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const side = rng.between(0.2, 0.45);
  const [dx, dy] = [rng.uniform(), rng.uniform()];
  // the sign of sin·sin alternates from square to square; the nearest edge makes it soft
  return inked(draw, (x, y) => {
    const u = x / side + dx;
    const v = y / side + dy;
    const edge = Math.min(fold(u), fold(v)) * side;
    const odd = (Math.floor(u) + Math.floor(v)) & 1;
    return clamp(0.5 + ((odd ? 1 : -1) * edge) / pixel);
  });
}

function dots(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const spacing = rng.between(0.32, 0.6);
  const radius = spacing * rng.between(0.24, 0.36);
  const shift = rng.pick([0, 0.5]);
  const [dx, dy] = [rng.uniform(), rng.uniform()];
  return inked(draw, (x, y) => {
    const v = y / spacing + dy;
    const u = x / spacing + dx + (Math.round(v) & 1 ? shift : 0);
    return inside(length(fold(u), fold(v)) * spacing - radius, pixel);
  });
}

function rings(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const phase = rng.uniform();
  const band = bands(rng.between(0.26, 0.5), rng.between(0.35, 0.65), pixel);
  return inked(draw, (x, y) => band(length(x, y) + phase));
}

function spiral(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const arms = rng.pick([1, 2, 3]);
  const hand = rng.pick([-1, 1]);
  const pitch = rng.between(0.34, 0.5);
  const band = bands(pitch, rng.between(0.4, 0.6), pixel);
  // r = pitch · (arms · θ / 2π + n)
  return inked(draw, (x, y) => band(length(x, y) + (hand * arms * pitch * Math.atan2(y, x)) / TAU));
}

function zigzag(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const wavelength = rng.between(0.5, 0.8);
  const height = wavelength * rng.between(0.32, 0.5);
  const period = rng.between(0.32, 0.55);
  const phase = rng.uniform();
  const band = bands(period, rng.between(0.35, 0.6), pixel * 1.4);
  return inked(draw, (x, y) => band(y + 2 * height * fold(x / wavelength + phase) + phase));
}

function bricks(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const height = rng.between(0.26, 0.42);
  const width = height * rng.between(1.7, 2.4);
  const mortar = rng.between(0.025, 0.05);
  const [dx, dy] = [rng.uniform(), rng.uniform()];
  const tone = valueNoise(rng);
  const { ink, paper } = draw;
  return (x, y, out) => {
    const v = y / height + dy;
    const row = Math.floor(v);
    // running bond: every other row is shifted by half a brick
    const u = x / width + dx + (row & 1 ? 0.5 : 0);
    const joint = inside(Math.min(fold(u) * width, fold(v) * height) - mortar, pixel);
    const shade = 0.85 + 0.3 * tone(Math.floor(u) * 7 + 0.5, row * 5 + 0.5);
    for (let c = 0; c < 3; c++) out[c] = ink[c] * shade + joint * (paper[c] - ink[c] * shade);
  };
}

function fur(draw: Draw): Shader {
  const { rng } = draw;
  const hair = valueNoise(rng);
  const sway = valueNoise(rng);
  const [along, across] = [rng.between(1.6, 2.6), rng.between(10, 15)];
  const bend = rng.between(0.3, 0.7);
  return inked(draw, (x, y) => {
    const bent = y + bend * sway(1.3 * x + 40, 1.3 * y);
    const value = 0.65 * hair(along * x, across * bent) + 0.35 * hair(2 * along * x + 90, 2 * across * bent);
    return clamp(0.5 + 2.2 * (value - 0.5));
  });
}

function star(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const radius = rng.between(0.55, 0.9);
  const points = 5;
  const depth = rng.between(0.38, 0.5);
  // one edge of the star, from a tip to the notch beside it, as a half-plane in the folded sector
  const notch = [depth * radius * Math.cos(Math.PI / points), depth * radius * Math.sin(Math.PI / points)];
  const [ex, ey] = [notch[0] - radius, notch[1]];
  const side = length(ex, ey);
  return standing(draw, draw.ink, (x, y) => {
    const r = length(x, y);
    const angle = fold((Math.atan2(y, x) / TAU) * points) * (TAU / points);
    const [px, py] = [r * Math.cos(angle) - radius, r * Math.sin(angle)];
    return inside((ex * py - ey * px) / -side, -pixel);
  });
}

function cross(draw: Draw): Shader {
  const { rng, pixel } = draw;
  const reach = rng.between(0.55, 0.85);
  const half = reach * rng.between(0.2, 0.32);
  return standing(draw, draw.ink, (x, y) => {
    const [a, b] = [Math.abs(x), Math.abs(y)];
    return inside(Math.min(Math.max(a - reach, b - half), Math.max(b - reach, a - half)), pixel);
  });
}

/** A whole melon: a green ball, dark stripes from pole to pole, light from above. */
function wholeMelon(draw: Draw): Shader {
  const { rng, pixel, ground } = draw;
  const radius = rng.between(0.6, 0.88);
  const squash = rng.between(1, 1.25);
  const pale: Colour = [rng.between(0.45, 0.65), rng.between(0.72, 0.9), rng.between(0.25, 0.45)];
  const dark: Colour = [rng.between(0.02, 0.12), rng.between(0.25, 0.4), rng.between(0.05, 0.15)];
  const wobble = valueNoise(rng);
  const count = rng.between(4.5, 6.5);
  const phase = rng.uniform();
  return (x, y, out) => {
    ground(x, y, out);
    const cover = inside(length(x, y * squash) - radius, pixel);
    if (cover === 0) return;
    // meridians of a ball: longitude = asin(x / half-chord at this height)
    const chord = Math.sqrt(Math.max(radius * radius - y * y * squash * squash, 1e-4));
    const longitude = Math.asin(Math.max(-1, Math.min(1, x / chord))) / Math.PI;
    const wave = 0.13 * (wobble(6 * y + 20, 3 * x) - 0.5);
    const stripe = clamp(0.5 + 5 * (0.23 - fold(longitude * count + phase + wave)));
    const shade = 1.12 - 0.45 * length(x / radius + 0.25, y / radius + 0.35) ** 2 * 0.6;
    for (let c = 0; c < 3; c++) {
      const colour = (pale[c] + stripe * (dark[c] - pale[c])) * shade;
      out[c] += cover * (colour - out[c]);
    }
  };
}

/** The same fruit cut open: a half disc of red flesh with dark seeds inside a pale rim. */
function cutMelon(draw: Draw): Shader {
  const { rng, pixel, ground } = draw;
  const radius = rng.between(0.85, 1.1);
  const flesh: Colour = [rng.between(0.85, 0.98), rng.between(0.1, 0.3), rng.between(0.15, 0.35)];
  const rim: Colour = [rng.between(0.88, 1), rng.between(0.86, 0.96), rng.between(0.7, 0.85)];
  const seed: Colour = [0.1, 0.05, 0.05];
  const lift = radius * 0.42;
  const seeds: [number, number, number, number][] = [];
  for (const [share, count] of [
    [0.36, 3],
    [0.66, 5],
  ])
    for (let i = 0; i < count; i++) {
      const angle = Math.PI * ((i + 0.5) / count + rng.between(-0.04, 0.04));
      const r = radius * share * rng.between(0.93, 1.07);
      seeds.push([r * Math.cos(angle), r * Math.sin(angle), Math.cos(angle), Math.sin(angle)]);
    }
  const size = rng.between(0.045, 0.06);
  return (x, y, out) => {
    ground(x, y, out);
    const v = y + lift;
    const r = length(x, v);
    const edge = Math.max(r - radius, -v);
    const cover = inside(edge, pixel);
    if (cover === 0) return;
    mix(out, rim, cover);
    mix(out, flesh, cover * inside(r - 0.86 * radius, 2 * pixel));
    for (const [sx, sy, cos, sin] of seeds) {
      const [dx, dy] = [x - sx, v - sy];
      if (Math.abs(dx) + Math.abs(dy) > 4 * size) continue;
      // seeds are ellipses that point at the centre of the slice
      const [along, aside] = [dx * cos + dy * sin, dy * cos - dx * sin];
      mix(out, seed, inside(length(along / 1.9, aside) - size, pixel));
    }
  };
}

const plain = (shader: (draw: Draw) => Shader) => ({ plain: shader });
const degrees = (value: number) => (value * Math.PI) / 180;

/** The classes, in the order of their labels. */
export const patternRules = {
  stripes: { kind: 'texture', turn: degrees(20), facets: plain(stripes) },
  slashes: { kind: 'texture', turn: degrees(20), facets: plain(slashes) },
  checks: { kind: 'texture', turn: degrees(45), facets: plain(checks) },
  dots: { kind: 'texture', turn: Math.PI, facets: plain(dots) },
  rings: { kind: 'texture', turn: Math.PI, facets: plain(rings) },
  spiral: { kind: 'texture', turn: Math.PI, facets: plain(spiral) },
  zigzag: { kind: 'texture', turn: degrees(25), facets: plain(zigzag) },
  bricks: { kind: 'texture', turn: degrees(20), facets: plain(bricks) },
  fur: { kind: 'texture', turn: Math.PI, facets: plain(fur) },
  star: { kind: 'object', turn: Math.PI, facets: plain(star) },
  cross: { kind: 'object', turn: degrees(20), facets: plain(cross) },
  melon: { kind: 'object', turn: degrees(30), facets: { whole: wholeMelon, cut: cutMelon } },
} as const satisfies Record<string, Pattern>;
