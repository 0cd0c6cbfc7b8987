/** The recipe, on a really trained network: what ascends, what repeats, what stops. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InterruptError } from '../../base/errors.ts';
import {
  host,
  setHost,
  type Comm,
  type DisplayOptions,
  type Host,
  type MimeBundle,
} from '../../base/host.ts';
import type { Tensor } from '../../base/tensor.ts';
import { override } from '../../engine/override.ts';
import { load } from '../../model/load.ts';
import { Model } from '../../model/model.ts';
import * as nn from '../../nn/index.ts';
import { isSilent } from '../../display/bundle.ts';
import {
  envelopeProblem,
  NEURONBOOK_MIME,
  type ViewOptions,
  type ViewPayload,
} from '../../display/payload.ts';
import { problem } from '../../display/views/feature-grid.ts';
import { feature } from './feature.ts';
import { pixel } from './image/index.ts';
import { channel, direction, logit, neuron } from './objectives/index.ts';
import type { Feature } from './result.ts';

let model: Model;
beforeAll(async () => {
  model = await load('zoo:textures');
});
afterEach(() => setHost(undefined));

/** Mean of the last steps minus the first: transforms make single steps jump. */
const rise = (curve: readonly number[]): number => {
  const last = curve.slice(-4);
  return last.reduce((a, b) => a + b) / last.length - curve[0];
};
const furthest = (a: Tensor, b: Tensor): number => {
  const other = b.toNumbers();
  return Math.max(...a.toNumbers().map((value, i) => Math.abs(value - other[i])));
};
const quick = { steps: 24, live: false };

describe('ascent', () => {
  test.each([
    channel('conv3', 5),
    neuron('conv3', 5),
    neuron('conv2', 1, [3, 4]),
    direction(
      'relu2',
      new Float32Array(32).map((_, i) => (i % 3) - 1),
    ),
    logit('logits', 4),
    channel('conv3', 5).add(logit('logits', 4).scale(0.1)),
    channel('conv3', 5).neg(),
  ])('raises %s', async objective => {
    const { curves, images } = await feature(model, objective, quick);
    expect(rise(curves[0])).toBeGreaterThan(0.05);
    expect(images.dims).toEqual([1, 3, 48, 48]);
  });

  test('needs the gradient: with none the score stays', async () => {
    const options = { ...quick, transforms: [] };
    const still = await feature(model, logit('logits', 4), {
      ...options,
      gradient: g => g.trace.apply('Mul', [g, g.trace.apply('Sub', [g, g])[0]])[0],
    });
    expect(Math.abs(rise(still.curves[0]))).toBeLessThan(1e-3);
    expect(rise((await feature(model, logit('logits', 4), options)).curves[0])).toBeGreaterThan(1);
  });

  test('wakes a unit that is silent at the start, and leaves those alone that are not', async () => {
    const [silent, lively] = [neuron('relu2', 5), channel('conv3', 5)];
    const asleep = await feature(model, silent, { ...quick, wake: 0 });
    expect(asleep.curves[0].every(score => score === 0)).toBe(true);
    const { curves, images } = await feature(model, [silent, lively], quick);
    expect(curves[0].slice(0, 2)).toEqual([0, 0]);
    expect(rise(curves[0])).toBeGreaterThan(1);
    const alone = await feature(model, [lively, lively], { ...quick, wake: 0 });
    // where something flows, the rule that wakes is the ReLU's own
    expect(furthest(images.at(1), alone.images.at(1))).toBeLessThan(1e-3);
  });

  test('an override holds while the picture forms', async () => {
    const open = { ...quick, wake: 0, override: [override('Relu', ({ dy }) => dy)] };
    expect(rise((await feature(model, neuron('relu2', 5), open)).curves[0])).toBeGreaterThan(1);
  });

  test('gives the same picture for the same seed, alone or in company', async () => {
    const options = { ...quick, steps: 6 };
    const [a, b, other] = [
      await feature(model, 'conv3', { ...options, channel: 5 }),
      await feature(model, 'conv3', { ...options, channel: 5 }),
      await feature(model, 'conv3', { ...options, channel: 5, seed: 1 }),
    ];
    expect(a.images.data).toEqual(b.images.data);
    expect(a.images.data).not.toEqual(other.images.data);
  });

  test('pixels can be ascended too', async () => {
    const { curves } = await feature(model, 'conv3', { ...quick, channel: 5, image: pixel() });
    expect(rise(curves[0])).toBeGreaterThan(0.05);
  });

  test('a network may call its own what the ascent does', async () => {
    const graph = nn.network(
      nn.sequential(
        nn.conv('parameters', { channels: 4, kernel: 3 }),
        nn.relu('picture'),
        nn.conv('map', { channels: 4, kernel: 3 }),
        nn.relu('rate'),
        nn.flatten('mean'),
        nn.linear('scores', { features: 3 }),
      ),
      { inputs: { image: ['batch', 1, 8, 8] } },
    );
    const { curves } = await feature(new Model('names', graph), logit('scores', 1), quick);
    expect(rise(curves[0])).toBeGreaterThan(0);
  });

  test('what cannot be excited is said', async () => {
    await expect(feature(model, 'conv3')).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: nothing to excite at conv3; give { channel: 5 }, { channels: [0, 1] }, { neuron: 5 }, { direction } or an objective]`,
    );
    await expect(feature(model, 'conv3', { channel: 64 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: channel out of range: 64 at conv3; expected 0 to 63]`,
    );
    await expect(feature(model, 'konv3', { channel: 5 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown site: konv3; nearest: conv3, conv1, conv2; model.sites lists all]`,
    );
    await expect(
      feature(model, 'conv3', { channel: 5, steps: 0 }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: steps: 0; expected a whole number from 1]`,
    );
  });
});

describe('showing', () => {
  interface Shown {
    bundle: MimeBundle;
    options?: DisplayOptions;
  }
  const hosted = (more: Partial<Host> = {}): Shown[] => {
    const shown: Shown[] = [];
    setHost({
      display: (bundle, options) => shown.push({ bundle, options }),
      clear: () => {},
      interrupted: false,
      cell: 7,
      enterNative: () => {},
      leaveNative: () => {},
      ...more,
    } as Host);
    return shown;
  };
  const displayOf = (value: Feature) =>
    (value as unknown as Record<symbol, () => MimeBundle>)[Symbol.for('Jupyter.display')]();

  test('one display that is updated in place, valid at every moment', async () => {
    const shown = hosted();
    const result = await feature(model, 'conv3', { channels: [1, 2, 3], steps: 12 });
    expect(new Set(shown.map(({ options }) => options?.id)).size).toBe(1);
    expect(shown[0].options?.update).toBe(false);
    expect(shown.slice(1).every(({ options }) => options?.update)).toBe(true);
    for (const { bundle } of shown) {
      const payload = bundle[NEURONBOOK_MIME] as ViewPayload<string, unknown>;
      expect([envelopeProblem(payload), problem(payload.data)]).toEqual([undefined, undefined]);
      expect(bundle['image/png']).toMatch(/^iVBOR/);
    }
    expect(shown.at(-1)!.bundle['text/plain']).toMatch(/\(done\)\nchannel\('conv3', 1\): .* in 12 steps/);
    // not a second time as the same cell's result, but again in a later cell
    expect(isSilent(result)).toBe(true);
    hosted({ cell: 8 });
    expect(isSilent(result)).toBe(false);
    expect(displayOf(result)[NEURONBOOK_MIME]).toBeDefined();
  });

  test('Interrupt ends it with the picture so far', async () => {
    let steps = 0;
    const shown = hosted();
    Object.defineProperty(host(), 'interrupted', { get: () => ++steps > 12 });
    const result = await feature(model, 'conv3', { channels: [1, 2], steps: 1000 });
    expect(result.interrupted).toBe(true);
    expect(result.images.dims).toEqual([2, 3, 48, 48]);
    expect(result.curves[0].length).toBeGreaterThan(3);
    expect(result.curves[0].length).toBeLessThan(1000);
    expect(shown.at(-1)!.bundle['text/plain']).toMatch(/\(interrupted\)/);
  });

  test('where a slow step leaves no time for another, Interrupt keeps the picture that was shown last', async () => {
    const shown: Shown[] = hosted({
      enterNative: () => {
        if (host().interrupted) throw new InterruptError('interrupted');
      },
    });
    Object.defineProperty(host(), 'interrupted', { get: () => shown.length > 0 });
    const result = await feature(model, 'conv3', { channels: [1, 2], steps: 100_000 });
    expect(result.interrupted).toBe(true);
    // one picture while it ran, and the same in the end, told to be the last
    expect(shown.map(({ options }) => options?.update)).toEqual([false, true]);
    const picture = ({ bundle }: Shown) => bundle['image/png'];
    expect(picture(shown[1])).toBe(picture(shown[0]));
    expect(shown[1].bundle['text/plain']).toMatch(/\(interrupted\)/);
  });

  test('a picture that a reader clicks reaches the handler, and none that is not there', async () => {
    let serve: Parameters<NonNullable<Host['comms']>['register']>[1] | undefined;
    const replies: unknown[] = [];
    hosted({
      comms: {
        register: (_, opened) => (serve = opened),
        open: () => {
          throw new Error('only the front end opens comms');
        },
      },
    });
    const result = await feature(model, 'conv3', {
      ...{ channels: [1, 2], steps: 2, live: false },
      onSelect: ({ label, image, curve }) => `${label}, ${image.dims.join('×')}, ${curve.length} steps`,
    });
    const { options } = displayOf(result)[NEURONBOOK_MIME] as ViewPayload<string, unknown, ViewOptions>;
    const comm: Comm = { id: '1', target: '', send: reply => void replies.push(reply), close: () => {} };
    serve!(comm, { data: { id: options.select }, metadata: {}, buffers: [] });
    for (const [seq, at] of [[1], [2], [0, 0]].entries())
      comm.onMessage!({ data: { seq, at }, metadata: {}, buffers: [] });
    await expect.poll(() => replies.length).toBe(3);
    expect(replies).toEqual([
      { seq: 0, bundle: { 'text/plain': "'channel 2, 3×48×48, 2 steps'" } },
      { seq: 1, error: 'RangeError: nothing to select at [2]; show the view again' },
      { seq: 2, error: 'RangeError: nothing to select at [0,0]; show the view again' },
    ]);
  });
});
