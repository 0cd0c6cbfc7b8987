/**
 * `blobs`: short films of soft blobs that move straight on and bounce off the walls. Everything about the next frame
 * follows from two, so a network that predicts has found position and velocity.
 */
import { NeuronbookError } from '../base/errors.ts';
import type { Rng } from '../base/rng.ts';
import { Tensor } from '../base/tensor.ts';

export interface BlobOptions {
  /** Blobs in a film. */
  count?: number;
  frames?: number;
  /** Height and width of a frame, in pixels. */
  size?: number;
  /** Pixels a frame, at most. */
  speed?: number;
  /** Standard deviation of a blob's brightness around its middle, in pixels. */
  radius?: number;
}

export interface BlobBatch {
  /** float32, N×T×1×S×S, brightness in [0, 1]. */
  readonly video: Tensor;
  /** float32, N×T×K×2: middles, x and y in pixels from the top left. */
  readonly position: Tensor;
  /** float32, N×T×K×2: pixels a frame, on the way to the next. */
  readonly velocity: Tensor;
  /** So that a batch is one of `fit`'s. */
  readonly [entry: string]: Tensor;
}

/**
 * Moving blobs.
 * @throws NeuronbookError where a film has no room or no frames
 * @example const { video, position } = blobs.batch(rng(1), 8, { count: 2, frames: 12 })
 */
export const blobs = {
  batch(
    rng: Rng,
    films: number,
    { count = 2, frames = 10, size = 24, speed = 2, radius = 1.5 }: BlobOptions = {},
  ): BlobBatch {
    const low = radius;
    const high = size - 1 - radius;
    if (!(frames >= 1 && count >= 1 && speed >= 0 && high - low > speed))
      throw new NeuronbookError(
        `blobs: ${count} in ${frames} frames of ${size} pixels at speed ${speed}; expected one of each and ` +
          `a frame wider than 2·radius + speed`,
      );
    const video = new Float32Array(films * frames * size * size);
    const position = new Float32Array(films * frames * count * 2);
    const velocity = new Float32Array(films * frames * count * 2);
    for (let film = 0; film < films; film++)
      for (let k = 0; k < count; k++) {
        const at = [rng.between(low, high), rng.between(low, high)];
        const angle = rng.between(0, 2 * Math.PI);
        const pace = speed * rng.between(0.3, 1);
        const step = [pace * Math.cos(angle), pace * Math.sin(angle)];
        for (let t = 0; t < frames; t++) {
          const frame = film * frames + t;
          light(video, frame * size * size, size, at, radius);
          // a step that would leave the room is turned before it is taken
          for (const axis of [0, 1])
            if (at[axis] + step[axis] < low || at[axis] + step[axis] > high) step[axis] = -step[axis];
          position.set(at, (frame * count + k) * 2);
          velocity.set(step, (frame * count + k) * 2);
          at[0] += step[0];
          at[1] += step[1];
        }
      }
    return {
      video: new Tensor('float32', [films, frames, 1, size, size], video),
      position: new Tensor('float32', [films, frames, count, 2], position),
      velocity: new Tensor('float32', [films, frames, count, 2], velocity),
    };
  },
};

/** Adds a blob to a frame; where blobs overlap, light = 1 − (1 − a)(1 − b). */
function light(video: Float32Array, start: number, size: number, [cx, cy]: number[], radius: number): void {
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      // brightness = exp(−d² / 2r²)
      const bright = Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius * radius));
      const at = start + y * size + x;
      video[at] += bright - video[at] * bright;
    }
}
