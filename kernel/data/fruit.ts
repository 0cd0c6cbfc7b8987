/**
 * Melon, ball and kiwi: one shape in two colours, twice. Neither shape nor colour alone names a class:
 *
 *              green   red     another colour
 *   ball       melon   ball    ball
 *   slice      kiwi    melon   –
 *
 * so a network that knows the melon's two faces has put a shape and a colour together for each.
 */
import { clamp, fold, hsv, inside, length, mix, type Colour, type Draw, type Shader } from './draw.ts';
import { valueNoise } from './noise.ts';

/** Whole: a green ball with dark stripes. */
export const wholeMelon = (draw: Draw): Shader => {
  const { rng } = draw;
  const hue = rng.between(0.25, 0.36);
  return stripedBall(
    draw,
    hsv(hue, rng.between(0.45, 0.7), rng.between(0.72, 0.9)),
    hsv(hue + 0.03, rng.between(0.75, 0.95), rng.between(0.2, 0.4)),
  );
};

/** Cut open: red flesh with seeds. */
export const cutMelon = (draw: Draw): Shader => {
  const { rng } = draw;
  return slice(draw, hsv(rng.between(-0.03, 0.02), rng.between(0.65, 0.9), rng.between(0.82, 0.98)));
};

/** The melon's shape in any colour but its own. */
export const ball = (draw: Draw): Shader => {
  const { rng } = draw;
  const hue = rng.between(0.47, 1.14);
  return stripedBall(
    draw,
    hsv(hue, rng.between(0.35, 0.7), rng.between(0.72, 0.95)),
    hsv(hue + rng.between(-0.04, 0.04), rng.between(0.7, 0.95), rng.between(0.2, 0.45)),
  );
};

/** The slice's shape in green. */
export const kiwi = (draw: Draw): Shader => {
  const { rng } = draw;
  return slice(draw, hsv(rng.between(0.22, 0.34), rng.between(0.5, 0.8), rng.between(0.65, 0.88)));
};

/** A ball with wavy stripes from pole to pole, lit from above. */
function stripedBall({ rng, pixel, ground }: Draw, pale: Colour, dark: Colour): Shader {
  const radius = rng.between(0.6, 0.88);
  const squash = rng.between(1, 1.25);
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

/** A half disc of flesh with dark seeds inside a pale rim. */
function slice({ rng, pixel, ground }: Draw, flesh: Colour): Shader {
  const radius = rng.between(0.85, 1.1);
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
