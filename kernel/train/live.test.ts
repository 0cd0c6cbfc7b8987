/** How a run shows itself: a bar and a curve that update in place, and nothing twice. */
import { afterEach, expect, test } from 'vitest';
import { setHost, type DisplayOptions, type MimeBundle } from '../base/host.ts';
import { displaySymbol } from '../display/bundle.ts';
import { tensor } from '../base/tensor.ts';
import { linear, network } from '../nn/index.ts';
import { fit } from './fit.ts';
import { lossChart, recent, thinned } from './live.ts';
import { mse } from './loss.ts';
import { sgd } from './optimizer.ts';

afterEach(() => setHost(undefined));

const net = network(linear('y', { features: 1 }), { name: 'line', inputs: { x: ['batch', 1] } });
const data = { x: tensor([1, 2, 3], [3, 1]), target: tensor([2, 4, 6], [3, 1]) };
const options = { loss: mse({ output: 'y' }), optimizer: sgd({ lr: 0.05 }), steps: 20 };

test('in a notebook: a bar, then one curve, updated in place; the run adds nothing in that cell', async () => {
  const shown: { bundle: MimeBundle; options: DisplayOptions }[] = [];
  let cell = 3;
  setHost({
    display: (bundle, options = {}) => void shown.push({ bundle, options }),
    clear() {},
    get cell() {
      return cell;
    },
    interrupted: false,
    enterNative() {},
    leaveNative() {},
  });
  const run = await fit(net, data, options);
  const ids = new Set(shown.map(({ options }) => options.id));
  expect(ids.size).toBe(2);
  const last = shown.at(-1)!.bundle;
  expect(Object.keys(last)).toEqual([
    'application/vnd.plotly.v1+json',
    'text/html',
    'image/svg+xml',
    'text/plain',
  ]);
  const bars = shown.filter(({ options }) => options.id === shown[0].options.id);
  expect(bars.at(-1)!.bundle['text/plain']).toMatch(/^Training line 20\/20, .*in [\d.]+ s, loss [\d.]+$/);
  expect(run[displaySymbol]()).toEqual({});
  cell = 4;
  expect(Object.keys(run[displaySymbol]())).toEqual(Object.keys(last));
  expect(run[displaySymbol]()['text/plain']).toMatch(/^line: 20 steps, [\d.e+]+ a second; loss [\d.]+$/);
});

test('long curves are thinned to means, short ones are drawn whole', () => {
  expect(thinned([3, 2, 1])).toEqual({ steps: [1, 2, 3], values: [3, 2, 1] });
  const long = thinned(
    Array.from({ length: 1001 }, (_, i) => i),
    100,
  );
  expect(long.steps.length).toBeLessThanOrEqual(100);
  expect(long.steps.at(-1)).toBe(1001);
  expect(long.values[0]).toBe(5);
  expect(recent([5, 1, 3], 2)).toBe(2);
});

test('a loss of zero or below is drawn on a plain axis', () => {
  expect(lossChart('t', [2, 1]).figure.y.log).toBe(true);
  expect(lossChart('t', [2, -1]).figure.y.log).toBe(false);
});

test('with held-out measures there are two curves, each by its own steps', () => {
  const { figure } = lossChart(
    't',
    [4, 3, 2, 1],
    [
      { step: 2, loss: 3.5 },
      { step: 4, loss: 3 },
    ],
  );
  expect(figure.layers).toMatchObject([
    { name: 'training', x: [1, 2, 3, 4], y: [4, 3, 2, 1] },
    { name: 'held out', x: [2, 4], y: [3.5, 3] },
  ]);
  expect(figure.y.log).toBe(true);
  expect(lossChart('t', [2, 1], [{ step: 1, loss: 0 }]).figure.y.log).toBe(false);
});
