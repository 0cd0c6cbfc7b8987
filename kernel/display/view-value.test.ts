/** Selections: what a reader chose in a view reaches the handler whole, and what is no place in the view does not. */
import { afterEach, describe, expect, test } from 'vitest';
import { setHost, type Comm } from '../base/host.ts';
import { tensor } from '../base/tensor.ts';
import { displaySymbol } from './bundle.ts';
import { NEURONBOOK_MIME, type AnyViewPayload, type SelectReply } from './payload.ts';
import * as view from './view.ts';

afterEach(() => setHost(undefined));

/** A front end that opens one comm, and what came back over it. */
function frontEnd(made: { [displaySymbol](): unknown }) {
  let opened: ((comm: Comm, message: never) => void) | undefined;
  setHost({
    display() {},
    clear() {},
    interrupted: false,
    enterNative() {},
    leaveNative() {},
    comms: {
      register: (_, open) => (opened = open as never),
      open: () => {
        throw new Error('only the front end opens comms');
      },
    },
  });
  const bundle = made[displaySymbol]() as Record<string, AnyViewPayload>;
  const id = bundle[NEURONBOOK_MIME].options.select;
  const replies: SelectReply[] = [];
  const comm = {
    id: '1',
    target: 'neuronbook',
    send: (data: never) => replies.push(data),
    close() {},
  } as Comm;
  opened?.(comm, { data: { id } } as never);
  const choose = async (at: unknown) => {
    comm.onMessage?.({ data: { seq: replies.length, at }, metadata: {}, buffers: [] });
    await new Promise(resolve => setTimeout(resolve));
    return replies.at(-1);
  };
  return { id, choose };
}

describe('a selection', () => {
  const values = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

  test('reaches the handler, and what it returns is shown', async () => {
    const { choose } = frontEnd(
      view.matrix(values, { onSelect: ({ index, value }) => `${index.join()} is ${value}` }),
    );
    expect(await choose([1, 2])).toEqual({ seq: 0, bundle: { 'text/plain': "'1,2 is 6'" } });
  });

  test('with a handler that returns nothing shows nothing', async () => {
    const seen: unknown[] = [];
    const tokens = view.tokens(['a', 'b'], [1, 2], { onSelect: token => void seen.push(token) });
    expect(await frontEnd(tokens).choose([0, 1])).toEqual({ seq: 0 });
    expect(seen).toEqual([{ text: 0, position: 1, token: 'b', value: 2 }]);
  });

  test.each([[[2, 0]], [[0]], [[0, -1]], ['x'], [[0.5, 0]], [null], [[1e9, 0]]])(
    'at %j is told to be nowhere',
    async at => {
      const { choose } = frontEnd(view.matrix(values, { onSelect: () => 'never' }));
      expect(await choose(at)).toMatchObject({ error: expect.stringContaining('nothing to select at') });
    },
  );

  test('whose handler fails is told why', async () => {
    const { choose } = frontEnd(
      view.matrix(values, {
        onSelect: () => {
          throw new TypeError('no such thing');
        },
      }),
    );
    expect(await choose([0, 0])).toEqual({ seq: 0, error: 'TypeError: no such thing' });
  });

  test('of an operator of a network gives what is known of it', async () => {
    const graph = {
      ...{ opsets: {}, outputs: [], constants: new Map() },
      inputs: [{ name: 'image', dtype: 'float32', dims: [1, 3] }],
      nodes: [{ op: 'Relu', domain: '', name: 'r', inputs: ['image'], outputs: ['relu1'], attributes: {} }],
    };
    const sites = { has: () => false, get: () => ({ name: '', dtype: '' }) };
    const seen: unknown[] = [];
    const made = view.model({ name: 'tiny', graph, sites }, { onSelect: node => void seen.push(node) });
    const { choose } = frontEnd(made);
    expect(await choose([1])).toEqual({ seq: 0 });
    expect(seen).toEqual([{ name: 'r', op: 'Relu', inputs: [0] }]);
    expect(await choose([2])).toMatchObject({ error: expect.stringContaining('nothing to select at') });
  });

  test('is asked for only where there is a handler', () => {
    expect(frontEnd(view.matrix(values)).id).toBeUndefined();
  });
});
