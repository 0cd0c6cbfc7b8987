/** Which pictures ascend together: as many as are cheaper so, and those that see one another. */
import { expect, test } from 'vitest';
import { Model } from '../../model/model.ts';
import * as nn from '../../nn/index.ts';
import { feature } from './feature.ts';
import { groupsOf } from './groups.ts';
import { inputOf, pictureDims } from './input.ts';
import { channel, diversity } from './objectives/index.ts';

function network(size: number, batch: string | number = 'batch'): Model {
  const net = nn.sequential(nn.conv('conv', { channels: 4 }), nn.relu('relu'));
  return new Model('net', nn.network(net, { inputs: { image: [batch, 3, size, size] } }));
}
const units = (count: number) => Array.from({ length: count }, (_, i) => channel('conv', i % 4));

test.each([
  ['small pictures, all', network(48), units(16), [16]],
  ['more than a graph holds', network(48), units(40), [28, 12]],
  ['pictures of 128 pixels, four', network(128), units(6), [4, 2]],
  ['large ones, each by itself', network(224), units(3), [1, 1, 1]],
  ['a network with a fixed batch', network(16, 1), units(2), [1, 1]],
  ['large ones that see one another', network(224), units(3).map(unit => unit.add(diversity('relu'))), [3]],
])('%s', (_, model, objectives, lengths) => {
  const input = inputOf(model);
  const groups = groupsOf(model, objectives, input, pictureDims(model, input.input, objectives.length));
  expect(groups.map(({ length }) => length)).toEqual(lengths);
  expect(groups.flat()).toEqual(objectives);
});

test('several pictures of one channel differ, and each is the same again', async () => {
  const made = async () =>
    (await feature(network(16, 1), 'conv', { channel: 1, count: 2, steps: 3, live: false })).images;
  const images = await made();
  expect(images.at(0).toNumbers()).not.toEqual(images.at(1).toNumbers());
  expect((await made()).toNumbers()).toEqual(images.toNumbers());
});
