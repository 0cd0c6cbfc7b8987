/**
 * What each class of `textures` looks like: for one random draw, a function from a point of the plane to a colour.
 * The frame spans [−1, 1]² before `textures.ts` turns and shifts it. Edges are one pixel soft, so nothing aliases.
 */
import { clamp, fold, inside, length, mix, type Colour, type Draw, type Shader } from './draw.ts';
import { ball, cutMelon, kiwi, wholeMelon } from './fruit.ts';
import { valueNoise, type Field } from './noise.ts';

export interface Pattern {
  /** Largest turn to either side, in radians; `Math.PI` is any. */
  turn: number;
  /** Objects stand on a ground; textures fill the frame. */
  kind: 'texture' | 'object';
  /** One shader per appearance; all but one class have one. */
  facets: Readonly<Record<string, (draw: Draw) => Shader>>;
}

const TAU = 2 * Math.PI;

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
  ball: { kind: 'object', turn: degrees(30), facets: plain(ball) },
  kiwi: { kind: 'object', turn: degrees(30), facets: plain(kiwi) },
} as const satisfies Record<string, Pattern>;
