/** Every method against Captum and zennit: the same numbers for small networks with random weights. */
import { beforeAll, describe, expect, test } from 'vitest';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { pick } from '../../model/objective.ts';
import type { Model } from '../../model/model.ts';
import * as attribution from './index.ts';
import { difference, network, reference } from './testing-fixtures.ts';

const of = pick('logits', [0, 2]);
const inputOf: Record<string, string> = { convolutional: 'image', residual: 'image', dense: 'x' };
const names = Object.keys(inputOf);
/** What the exporter calls the layer that the fixtures look into. */
const layers: Record<string, string> = { convolutional: 'conv2', residual: 'conv', dense: 'dense2' };

let theirs: Record<string, Tensor>;
const models: Record<string, Model> = {};
beforeAll(async () => {
  theirs = await reference();
  for (const name of [...names, 'text']) models[name] = await network(name);
});

const inputs = (name: string) => ({ [inputOf[name]]: theirs[`${name}/x`] });
/** The site of a layer by the last part of its path: `/conv2/Conv` or `/net/conv/Conv`. */
const siteOf = (model: Model, layer: string): string =>
  [...model.sites].find(site => new RegExp(`/${layer}/(Conv|Gemm)`).test(site.name))!.name;

test.each(names)('the %s network is the same network', async name => {
  const { outputs } = await models[name].run(inputs(name));
  expect(difference(outputs.logits, theirs[`${name}/logits`])).toBeLessThan(1e-5);
});

describe.each(names)('%s', name => {
  test.each(['inputTimesGradient', 'saliency', 'guidedBackprop', 'deconvolution'] as const)(
    '%s',
    async method => {
      const { values } = await attribution[method](models[name], inputs(name), { of });
      expect(difference(values, theirs[`${name}/${method}`])).toBeLessThan(1e-4);
    },
  );

  test.each([
    ['gauss-legendre', 'gausslegendre'],
    ['left', 'riemann_left'],
    ['right', 'riemann_right'],
    ['middle', 'riemann_middle'],
  ] as const)('integrated gradients, %s', async (rule, theirRule) => {
    const baseline = theirs[`${name}/baseline`];
    const made = await attribution.integratedGradients(models[name], inputs(name), {
      of,
      baseline,
      steps: 20,
      rule,
    });
    expect(difference(made.values, theirs[`${name}/integratedGradients/${theirRule}`])).toBeLessThan(1e-4);
    made.delta!.forEach((delta, i) =>
      expect(delta).toBeCloseTo(Number(theirs[`${name}/delta/${theirRule}`].data[i]), 4),
    );
  });

  test('conductance of a layer and of a unit', async () => {
    const options = {
      of,
      baseline: theirs[`${name}/baseline`],
      steps: 20,
      layer: siteOf(models[name], layers[name]),
    };
    const made = await attribution.conductance(models[name], inputs(name), options);
    expect(difference(made.values, theirs[`${name}/conductance`])).toBeLessThan(1e-4);
    const index = theirs[`${name}/index`].toNumbers();
    const unit = await attribution.neuronConductance(models[name], inputs(name), { ...options, index });
    expect(difference(unit.values, theirs[`${name}/neuronConductance`])).toBeLessThan(1e-4);
  });

  test('input × gradient of an inner layer', async () => {
    const at = siteOf(models[name], layers[name]);
    const { values } = await attribution.inputTimesGradient(models[name], inputs(name), { of, at });
    expect(difference(values, theirs[`${name}/layerGradient`])).toBeLessThan(1e-4);
  });

  test('SmoothGrad, in the mean of many samples', async () => {
    const { values } = await attribution.smoothGrad(models[name], inputs(name), {
      of,
      std: 0.2,
      samples: 1000,
    });
    // 4000 of their draws against 1000 of ours: both are random
    expect(difference(values, theirs[`${name}/smoothGrad`])).toBeLessThan(0.06);
    expect(difference(values, theirs[`${name}/smoothGrad`])).toBeGreaterThan(1e-4);
  });

  const rules = {
    epsilon: attribution.epsilon(),
    'epsilon-large': attribution.epsilon(0.25),
    zplus: attribution.zplus(),
    gamma: attribution.gamma(),
    alphaBeta: attribution.alphaBeta(),
    box: attribution.composite(['first', attribution.box(-3, 3)], attribution.zplus()),
    flat: attribution.composite(['first', attribution.flat()], attribution.epsilon()),
    wSquare: attribution.composite(['first', attribution.wSquare()], attribution.epsilon()),
  };
  test.each(Object.entries(rules))('LRP %s as in zennit', async (rule, given) => {
    const { values } = await attribution.lrp(models[name], inputs(name), { of, rules: given });
    expect(difference(values, theirs[`zennit/${rule}/${name}`])).toBeLessThan(1e-4);
  });
});

test.each(['dense', 'convolutional'])('LRP epsilon as in Captum: %s', async name => {
  const { values } = await attribution.lrp(models[name], inputs(name), {
    of,
    rules: attribution.epsilon(1e-9),
  });
  expect(difference(values, theirs[`captum/epsilon/${name}`])).toBeLessThan(1e-4);
});

test('LRP zplus as in Captum, whose inputs keep their sign', async () => {
  for (const [bias, name] of [
    ['none', 'zplus'],
    ['kept', 'zplus-bias'],
  ] as const) {
    const rules = attribution.zplus({ inputs: 'plain', bias });
    const { values } = await attribution.lrp(models.dense, inputs('dense'), { of, rules });
    expect(difference(values, theirs[`captum/${name}/dense`])).toBeLessThan(1e-4);
  }
});

describe('pictures', () => {
  test('GradCAM', async () => {
    const model = models.convolutional;
    const at = siteOf(model, 'conv3');
    const made = await attribution.gradCam(model, inputs('convolutional'), { of, at, relu: false });
    expect(difference(made.values, theirs.gradCam)).toBeLessThan(1e-4);
    const kept = await attribution.gradCam(model, inputs('convolutional'), { of, at });
    expect(difference(kept.values, theirs['gradCam/relu'])).toBeLessThan(1e-4);
  });

  test('occlusion and ablation', async () => {
    const [model, given] = [models.convolutional, inputs('convolutional')];
    const some = { of, window: [3, 5, 4], stride: [3, 3, 2], baseline: 0.1 };
    expect(
      difference((await attribution.occlusion(model, given, some)).values, theirs.occlusion),
    ).toBeLessThan(1e-4);
    const each = { of, window: [1, 6, 6] };
    expect(
      difference((await attribution.occlusion(model, given, each)).values, theirs['occlusion/each']),
    ).toBeLessThan(1e-4);
    const groups = tensor(
      Array.from({ length: 144 }, (_, i) => Math.floor(i / 24)),
      [1, 12, 12],
    );
    const { values } = await attribution.ablation(model, given, { of, groups });
    expect(difference(values, theirs.ablation)).toBeLessThan(1e-4);
  });
});

describe('text', () => {
  const last = pick('logits', [0, -1, 2]);
  test('integrated gradients and input × gradient at the embedding, ablation of tokens', async () => {
    const model = models.text;
    const given = { tokens: theirs['text/tokens'] };
    const zeros = { tokens: tensor(new BigInt64Array(14), [2, 7]) };
    const path = await attribution.integratedGradients(model, given, {
      of: last,
      baseline: zeros,
      steps: 20,
    });
    expect(difference(path.values, theirs['text/integratedGradients'])).toBeLessThan(1e-4);
    const product = await attribution.inputTimesGradient(model, given, { of: last });
    expect(difference(product.values, theirs['text/inputTimesGradient'])).toBeLessThan(1e-4);
    const without = await attribution.ablation(model, given, { of: last, at: 'tokens' });
    expect(difference(without.values, theirs['text/ablation'])).toBeLessThan(1e-4);
  });
});
