/** Streams: passes, ends, resuming in the middle, and asking ahead. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { linear, network } from '../nn/index.ts';
import type { Batch } from './data.ts';
import { fit } from './fit.ts';
import { mse } from './loss.ts';
import { sgd } from './optimizer.ts';
import { prefetched, streaming } from './stream.ts';

const batch = (value: number): Batch => ({
  x: tensor([value, value + 1], [2, 1]),
  target: tensor([value, 2 * value], [2, 1]),
});
const first = (drawn: Batch | undefined) => drawn?.x.toNumbers()[0];
const net = network(linear('y', { features: 1 }), { name: 'line', inputs: { x: ['batch', 1] } });
const options = { loss: mse({ output: 'y' }), optimizer: sgd({ lr: 0.01 }), steps: 6, live: false };

test('what can be iterated over again starts over; a generator ends', async () => {
  const list = streaming([batch(0), batch(1), batch(2)]);
  const seen = [];
  for (let i = 0; i < 7; i++) seen.push(first(await list.draw(i)));
  expect(seen).toEqual([0, 1, 2, 0, 1, 2, 0]);
  const once = streaming(
    (async function* () {
      yield batch(5);
    })(),
  );
  expect([first(await once.draw(0)), first(await once.draw(1)), first(await once.draw(2))]).toEqual([
    5,
    undefined,
    undefined,
  ]);
  expect(await streaming([]).draw(0)).toBeUndefined();
});

test('a source that begins in the middle drops what comes before', async () => {
  expect(first(await streaming([0, 1, 2].map(batch)).draw(4))).toBe(1);
});

test('batches are asked for ahead, in order, and none beyond the end', async () => {
  const asked: number[] = [];
  const { draw } = prefetched({ draw: i => (asked.push(i), batch(i)) }, 2, 5);
  expect(first(await draw(0))).toBe(0);
  expect(asked).toEqual([0, 1, 2]);
  for (let i = 1; i < 5; i++) expect(first(await draw(i))).toBe(i);
  expect(asked).toEqual([0, 1, 2, 3, 4]);
});

test('an error in a batch asked for ahead waits until its step', async () => {
  const { draw } = prefetched({ draw: i => (i ? Promise.reject(new Error('unreadable')) : batch(0)) }, 1, 9);
  expect(first(await draw(0))).toBe(0);
  await new Promise(resolve => setTimeout(resolve, 5));
  await expect(Promise.resolve(draw(1))).rejects.toThrow('unreadable');
});

test('the next batch is on its way while a step runs; at the end of the data the run ends and closes it', async () => {
  const events: string[] = [];
  async function* read() {
    try {
      for (let i = 0; i < 4; i++) {
        events.push(`read ${i}`);
        yield batch(i);
      }
    } finally {
      events.push('closed');
    }
  }
  const onStep = ({ step }: { step: number }) => void events.push(`step ${step - 1}`);
  const run = await fit(net, read(), { ...options, onStep });
  expect(events).toEqual([
    ...['read 0', 'read 1', 'step 0', 'read 2', 'step 1', 'read 3', 'step 2'],
    ...['closed', 'step 3'],
  ]);
  expect([run.steps, run.ended, run.interrupted]).toEqual([4, 'data', false]);
  expect(String(run)).toMatch(/, at the end of the data$/);
  events.length = 0;
  await fit(net, read(), { ...options, steps: 2 });
  expect(events.at(-1)).toBe('closed');
});

test('asking ahead changes no batch', async () => {
  const whole = { x: tensor([1, 2, 3, 4, 5, 6], [6, 1]), target: tensor([2, 1, 4, 3, 6, 5], [6, 1]) };
  for (const data of [whole, [0, 1, 2].map(batch), (step: number) => batch(step)]) {
    const [now, early] = [0, 3].map(prefetch => fit(net, data, { ...options, batch: 2, prefetch }));
    expect((await early).losses).toEqual((await now).losses);
  }
});

test('no data at all is a mistake', async () => {
  await expect(fit(net, [], options)).rejects.toThrow(
    'the data ended before the first step; expected a batch',
  );
});

test('a stream and a function of the step that give the same batches train the same network', async () => {
  const streamed = await fit(net, [0, 1, 2].map(batch), options);
  const drawn = await fit(net, step => batch(step % 3), options);
  expect(streamed.losses).toEqual(drawn.losses);
});
