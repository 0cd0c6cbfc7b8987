/** The inspector's answers, with a front end played by the test and a real network in a variable. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Comm, CommMessage, Host } from '../../base/host.ts';
import { tensor } from '../../base/tensor.ts';
import {
  areModels,
  INSPECTOR,
  type InspectorReply,
  type InspectorRequest,
} from '../../display/inspection.ts';
import { NEURONBOOK_MIME, PLOTLY_MIME } from '../../display/payload.ts';
import { ablate } from '../../model/edits.ts';
import { load } from '../../model/load.ts';
import { serveInspector } from './index.ts';

const global = globalThis as Record<symbol, unknown>;
const key = Symbol.for('neuronbook.host');
const before = global[key];
afterAll(() => void (global[key] = before));

const variables = new Map<string, unknown>([['number', 3]]);
let opened: (comm: Comm, message: CommMessage) => void;
beforeAll(async () => {
  const host: Host = {
    display() {},
    clear() {},
    interrupted: false,
    enterNative() {},
    leaveNative() {},
    variables: () => variables,
    comms: {
      register: (_, answer) => void (opened = answer),
      open: () => {
        throw new Error('the library opens no comms of its own');
      },
    },
  };
  global[key] = host;
  const model = await load('zoo:textures');
  variables.set('model', model);
  variables.set('edited', model.edit(ablate('conv3', { channels: [1] })));
  const image = tensor(
    Float32Array.from({ length: 3 * 48 * 48 }, (_, i) => (i % 97) / 97),
    [1, 3, 48, 48],
  );
  variables.set('image', image);
  variables.set('small', tensor([1, 2, 3]));
  serveInspector({ feature: async (_, site, { channel }) => `${site} ${channel}` });
});

async function ask(request: object): Promise<InspectorReply> {
  const message = (data: unknown): CommMessage => ({ data, metadata: {}, buffers: [] });
  return new Promise(resolve => {
    const comm: Comm = {
      id: 'c',
      target: 'neuronbook',
      send: data => resolve(data as InspectorReply),
      close: () => resolve({ seq: -1, error: 'closed' }),
    };
    opened(comm, message({ id: INSPECTOR }));
    comm.onMessage?.(message({ seq: 7, ...request }));
  });
}
const show = (request: Partial<Extract<InspectorRequest, { ask: 'show' }>>) =>
  ask({ ask: 'show', model: 'model', site: 'conv3', inputs: { image: 'image' }, channel: 2, ...request });

test('lists the models that variables hold, their sites, and what can be fed', async () => {
  const reply = (await ask({ ask: 'models' })) as Extract<InspectorReply, { models: unknown }>;
  expect(areModels(JSON.parse(JSON.stringify(reply.models)))).toBe(true);
  expect(reply.models.map(({ name, title }) => [name, title])).toEqual([
    ['model', expect.stringMatching(/^textures, \d+ sites$/)],
    ['edited', expect.stringMatching(/^textures, \d+ sites, edited$/)],
  ]);
  const [{ inputs, sites, pictures }] = reply.models;
  expect(inputs.map(({ fits }) => fits)).toEqual([['image']]);
  expect(pictures).toBe(true);
  expect(sites.find(({ name }) => name === 'conv3')).toMatchObject({
    op: 'Conv',
    shape: expect.stringMatching(/^float32 /),
  });
});

test('shows activations, their statistics, and a picture', async () => {
  expect(await show({ what: 'activations' })).toMatchObject({
    seq: 7,
    bundle: { [NEURONBOOK_MIME]: { view: 'matrix', data: { title: 'conv3' } } },
  });
  expect(await show({ what: 'statistics' })).toMatchObject({
    bundle: { [PLOTLY_MIME]: {} },
    words: expect.stringMatching(/^mean -?[\d.e-]+, deviation [\d.]+, [\d.]+ % zeros, 9216 values$/),
  });
  expect(await show({ what: 'feature' })).toMatchObject({ bundle: { 'text/plain': "'conv3 2'" } });
});

test.each([
  [{ what: 'activations', model: 'modle' } as const, /modle.*model/],
  [{ what: 'activations', site: 'conv33' } as const, /conv33.*conv3/],
  [{ what: 'activations', inputs: { image: 'small' } } as const, /image/],
  [{ what: 'statistics', inputs: {} } as const, /image/],
  [{ what: 'eval' } as unknown as { what: 'feature' }, /expected activations, statistics, feature/],
])('%j is answered with a reason', async (request, message) =>
  expect(await show(request)).toMatchObject({ seq: 7, error: expect.stringMatching(message) }),
);
