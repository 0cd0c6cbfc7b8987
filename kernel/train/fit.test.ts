/** The loop: it learns, it resumes bit for bit, it stops when told, and its mistakes are named. */
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { setHost } from '../base/host.ts';
import type { Rng } from '../base/rng.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import { linear, network, relu, sequential } from '../nn/index.ts';
import type { Graph } from '../onnx/graph.ts';
import { fit, type FitOptions } from './fit.ts';
import { crossEntropy, mse } from './loss.ts';
import { adam, adamW, sgd } from './optimizer.ts';
import { cosine, halving } from './schedule.ts';

const net = (seed = 0): Graph =>
  network(sequential(linear('hidden', { features: 16 }), relu('relu'), linear('logits', { features: 2 })), {
    name: 'xor',
    inputs: { x: ['batch', 2] },
    seed,
  });

/** Points of the plane, labelled by the sign of x·y: no linear classifier gets this right. */
function points(_step: number, stream: Rng): { x: Tensor; label: Tensor } {
  const values = Array.from({ length: 64 }, () => stream.between(-1, 1));
  const label = Array.from({ length: 32 }, (_, i) => BigInt(values[2 * i] * values[2 * i + 1] > 0));
  return { x: tensor(values, [32, 2]), label: tensor(label) };
}

const options: FitOptions = {
  loss: crossEntropy(),
  optimizer: adam({ lr: 0.01 }),
  steps: 400,
  seed: 1,
  live: false,
};
const weights = (graph: Graph) => [...graph.constants].flatMap(([, value]) => value.toNumbers());
const folders: string[] = [];
const folder = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'run-')));
  return folders[folders.length - 1];
};
afterEach(() => {
  setHost(undefined);
  for (const path of folders.splice(0)) rmSync(path, { recursive: true });
});

/** A host whose user presses Interrupt once `count` steps have run. */
function interruptAfter(count: number) {
  let seen = 0;
  setHost({
    display() {},
    clear() {},
    get interrupted() {
      return seen++ >= count;
    },
    enterNative() {},
    leaveNative() {},
  });
}

test('it learns what a linear classifier cannot, and leaves the network it was given alone', async () => {
  const graph = net();
  const before = weights(graph);
  const run = await fit(graph, points, options);
  expect(run.steps).toBe(400);
  expect(run.interrupted).toBe(false);
  expect(run.losses[0]).toBeGreaterThan(0.5);
  const end = run.losses.slice(-20).reduce((a, b) => a + b) / 20;
  expect(end).toBeLessThan(0.2);
  expect(weights(graph)).toEqual(before);
  const { outputs } = await run.model.run({
    x: tensor([0.5, 0.5, -0.5, 0.5, -0.5, -0.5, 0.5, -0.5], [4, 2]),
  });
  const scores = outputs.logits.toArray() as number[][];
  expect(scores.map(([no, yes]) => yes > no)).toEqual([true, false, true, false]);
});

test('the control, with labels that mean nothing, learns nothing', async () => {
  const shuffled = (step: number, stream: Rng) => ({
    ...points(step, stream),
    label: tensor(Array.from({ length: 32 }, () => BigInt(stream.integer(2)))),
  });
  const run = await fit(net(), shuffled, options);
  expect(run.losses.slice(-20).reduce((a, b) => a + b) / 20).toBeGreaterThan(0.6);
});

test('the same seed gives the same run, bit for bit', async () => {
  const [a, b] = [
    await fit(net(), points, { ...options, steps: 30 }),
    await fit(net(), points, { ...options, steps: 30 }),
  ];
  expect(a.losses).toEqual(b.losses);
  expect(weights(a.graph)).toEqual(weights(b.graph));
  const other = await fit(net(), points, { ...options, steps: 30, seed: 2 });
  expect(other.losses).not.toEqual(a.losses);
});

test('interrupted and resumed it ends bit for bit where an unbroken run ends', async () => {
  const recipe = { ...options, steps: 40, optimizer: adamW({ lr: 0.01 }), schedule: cosine({ warmup: 5 }) };
  const whole = await fit(net(), points, recipe);
  const checkpoint = folder();
  interruptAfter(17);
  const part = await fit(net(), points, { ...recipe, checkpoint });
  expect([part.steps, part.interrupted, part.losses.length]).toEqual([17, true, 17]);
  setHost(undefined);
  const resumed = await fit(net(), points, { ...recipe, checkpoint });
  expect([resumed.steps, resumed.interrupted]).toEqual([40, false]);
  expect(resumed.losses).toEqual(whole.losses);
  expect(weights(resumed.graph)).toEqual(weights(whole.graph));
});

test('a checkpoint of another run, or a damaged one, is refused', async () => {
  const checkpoint = folder();
  await fit(net(), points, { ...options, steps: 3, checkpoint });
  await expect(fit(net(), points, { ...options, steps: 3, checkpoint, optimizer: sgd() })).rejects.toThrow(
    `checkpoint ${checkpoint} belongs to another run: its optimizer is ` +
      'adamW(lr 0.01, beta1 0.9, beta2 0.999, epsilon 1e-8, decay 0); ' +
      'expected sgd(lr 0.01, momentum 0, decay 0); use another folder, or delete this one to start again',
  );
  truncateSync(join(checkpoint, 'checkpoint-1.bin'), 100);
  await expect(fit(net(), points, { ...options, steps: 3, checkpoint })).rejects.toThrow(
    `checkpoint is damaged: ${checkpoint}/checkpoint-1.bin; delete it to start again`,
  );
});

test('`onStep` hears of every step and ends the run by answering false', async () => {
  const heard: number[] = [];
  const run = await fit(net(), points, {
    ...options,
    onStep({ step }) {
      heard.push(step);
      return step < 5;
    },
  });
  expect(heard).toEqual([1, 2, 3, 4, 5]);
  expect(run.steps).toBe(5);
});

test('only what is asked for is trained', async () => {
  const graph = net();
  const run = await fit(graph, points, { ...options, steps: 5, parameters: [/^logits/] });
  const changed = [...graph.constants.keys()].filter(
    name =>
      String(run.graph.constants.get(name)!.toNumbers()) !== String(graph.constants.get(name)!.toNumbers()),
  );
  expect(changed).toEqual(['logits.weight', 'logits.bias']);
  const frozen = await fit(graph, points, { ...options, steps: 5, freeze: [/^hidden/] });
  expect(weights(frozen.graph)).toEqual(weights(run.graph));
});

test('a run can be lengthened where its rate does not depend on its length', async () => {
  const recipe = { ...options, schedule: halving({ every: 4, warmup: 2 }) };
  const whole = await fit(net(), points, { ...recipe, steps: 12 });
  const checkpoint = folder();
  await fit(net(), points, { ...recipe, steps: 7, checkpoint });
  const longer = await fit(net(), points, { ...recipe, steps: 12, checkpoint });
  expect(weights(longer.graph)).toEqual(weights(whole.graph));
  const dated = { ...options, schedule: cosine(), checkpoint: folder() };
  await fit(net(), points, { ...dated, steps: 3 });
  await expect(fit(net(), points, { ...dated, steps: 5 })).rejects.toThrow(
    'its schedule is cosine(floor 0) over 3 steps; expected cosine(floor 0) over 5 steps',
  );
});

test('a damaged checkpoint gives way to the one before it', async () => {
  const checkpoint = folder();
  const recipe = { ...options, steps: 10 };
  const whole = await fit(net(), points, recipe);
  await fit(net(), points, { ...recipe, checkpoint, every: 2, onStep: ({ step }) => step < 6 });
  // written in turn: 2 and 6, 4
  truncateSync(join(checkpoint, 'checkpoint-1.bin'), 200);
  const seen: number[] = [];
  const resumed = await fit(net(), points, {
    ...recipe,
    checkpoint,
    onStep: ({ step }) => void seen.push(step),
  });
  expect(seen).toEqual([5, 6, 7, 8, 9, 10]);
  expect(weights(resumed.graph)).toEqual(weights(whole.graph));
});

test('a broken batch ends the run with an error and leaves the checkpoint as it was', async () => {
  const checkpoint = folder();
  const recipe = { ...options, steps: 8, accumulate: 2, every: 1 };
  const whole = await fit(net(), points, recipe);
  // batches 6 and 7 make step 4; its gradient is half done when the second one turns out broken
  const broken = (index: number, stream: Rng) => {
    const { x, label } = points(index, stream);
    return { x: index === 7 ? tensor(x.toNumbers().fill(NaN), x.dims) : x, label };
  };
  await expect(fit(net(), broken, { ...recipe, checkpoint })).rejects.toThrow(
    'loss is NaN at step 4, with a learning rate of 0.01; x holds NaN at [0, 0]; mend the data',
  );
  const seen: number[] = [];
  const run = await fit(net(), points, { ...recipe, checkpoint, onStep: ({ step }) => void seen.push(step) });
  expect(seen).toEqual([4, 5, 6, 7, 8]);
  expect(weights(run.graph)).toEqual(weights(whole.graph));
});

test('what is trained does not follow its average', async () => {
  const recipe = { ...options, steps: 20 };
  const [plain, averaged] = [
    await fit(net(), points, recipe),
    await fit(net(), points, { ...recipe, ema: 0.5 }),
  ];
  expect(plain.averaged).toBeUndefined();
  expect(weights(averaged.graph)).toEqual(weights(plain.graph));
  expect(weights(averaged.averaged!.graph)).not.toEqual(weights(averaged.graph));
});

test('whole tensors are dealt in batches: every example once a pass, in a new order', async () => {
  const seen: number[] = [];
  const x = tensor(
    Float32Array.from({ length: 12 }, (_, i) => i),
    [12, 1],
  );
  const line = network(linear('y', { features: 1 }), { inputs: { x: ['batch', 1] } });
  const { drawing } = await import('./data.ts');
  const { draw } = drawing({ x }, 7, 4);
  for (let step = 0; step < 6; step++) seen.push(...(await draw(step))!.x.toNumbers());
  expect([...seen.slice(0, 12)].sort((a, b) => a - b)).toEqual(x.toNumbers());
  expect([...seen.slice(12)].sort((a, b) => a - b)).toEqual(x.toNumbers());
  expect(seen.slice(0, 12)).not.toEqual(seen.slice(12));
  // y = 3x − 1 from 12 points
  const target = tensor(
    x.toNumbers().map(value => 0.3 * value - 1),
    [12, 1],
  );
  const run = await fit(
    line,
    { x, target },
    {
      loss: mse({ output: 'y' }),
      optimizer: adam({ lr: 0.05 }),
      steps: 600,
      batch: 4,
      live: false,
    },
  );
  expect(run.graph.constants.get('y.weight')!.toNumbers()[0]).toBeCloseTo(0.3, 2);
  expect(run.graph.constants.get('y.bias')!.toNumbers()[0]).toBeCloseTo(-1, 1);
});

test('clipping bounds the step of plain descent', async () => {
  const graph = net();
  const run = await fit(graph, points, { ...options, steps: 1, optimizer: sgd({ lr: 1 }), clip: 1e-3 });
  const [before, after] = [weights(graph), weights(run.graph)];
  const norm = Math.sqrt(before.reduce((sum, value, i) => sum + (after[i] - value) ** 2, 0));
  expect(norm).toBeCloseTo(1e-3, 5);
  expect(norm).toBeGreaterThan(0.9e-3);
});

test('mistakes are named', async () => {
  const fitting = (change: Partial<FitOptions>, data: Parameters<typeof fit>[1] = points) =>
    fit(net(), data, { ...options, steps: 3, ...change });
  await expect(fitting({ loss: crossEntropy({ logits: 'logit' }) })).rejects.toThrow(
    'unknown site: logit; nearest: logits',
  );
  await expect(fitting({ loss: crossEntropy({ label: 'labels' }) })).rejects.toThrow(
    'unknown batch entry: labels; nearest: label, x; the batch has x, label',
  );
  await expect(fitting({ loss: mse({ output: 'logits', target: 'x' }), steps: 0 })).rejects.toThrow(
    'steps: 0; expected a whole number from 1',
  );
  await expect(fitting({ parameters: ['logits.weigth'] })).rejects.toThrow(
    'unknown parameter: logits.weigth; nearest: logits.weight',
  );
  await expect(fitting({ freeze: [/./] })).rejects.toThrow(
    'xor has no parameters to train; name constants of the graph in `parameters`, or freeze fewer',
  );
  await expect(fitting({ groups: [{ parameters: ['logit.bias'], lr: 1 }] })).rejects.toThrow(
    'unknown parameter: logit.bias; nearest: logits.bias',
  );
  await expect(
    fitting({ groups: [{ parameters: [/bias$/] }, { parameters: ['logits.bias'], decay: 0 }] }),
  ).rejects.toThrow('parameter logits.bias is in two groups; expected each in one at most');
  await expect(fitting({ accumulate: 1.5 })).rejects.toThrow(
    'accumulate: 1.5; expected a whole number from 1',
  );
  await expect(fitting({ ema: 1 })).rejects.toThrow(
    'ema: 1; expected a share from 0 to below 1, such as 0.999',
  );
  await expect(fitting({ optimizer: sgd({ lr: 1e30 }), steps: 10 })).rejects.toThrow(
    /^loss is (NaN|Infinity) at step/,
  );
  const ragged = { x: tensor([1, 2, 3, 4], [2, 2]), label: tensor([1n]) };
  await expect(fitting({}, ragged)).rejects.toThrow(
    "the data's tensors differ in length: x 2, label 1; expected as many examples in each",
  );
});
