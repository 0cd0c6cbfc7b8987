/** Comms in both directions, with binary buffers, over real sockets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultOf, startKernel, type Client } from './test-client.ts';

let client: Client;
beforeAll(async () => {
  client = await startKernel();
  await client.execute(`
    const comms = globalThis[Symbol.for('neuronbook.host')].comms;
    comms.register('echo', comm => {
      comm.onMessage = ({ data, metadata, buffers }) => comm.send({ echo: data }, { metadata, buffers });
    })`);
}, 60_000);
afterAll(() => client.stop());

const commsIn = (id: string, type: string) =>
  client.outputsOf(id).filter(({ header }) => header.msg_type === type);

async function finishComm(id: string): Promise<void> {
  await client.until(
    () => client.outputsOf(id).some(({ content }) => content.execution_state === 'idle'),
    'idle after a comm message',
  );
}

test('a comm that the front end opens answers with buffers', async () => {
  const open = await client.send('comm_open', { comm_id: 'a', target_name: 'echo', data: {} });
  await finishComm(open);
  const { reply } = await client.request('comm_info_request', { target_name: 'echo' });
  expect(reply.content).toEqual({ status: 'ok', comms: { a: { target_name: 'echo' } } });
  const bytes = Buffer.from(Float32Array.of(1, 2.5).buffer);
  const sent = await client.send('comm_msg', { comm_id: 'a', data: { x: 1 } }, { buffers: [bytes] });
  await finishComm(sent);
  const [answer] = commsIn(sent, 'comm_msg');
  expect(answer.content).toEqual({ comm_id: 'a', data: { echo: { x: 1 } } });
  expect(answer.buffers.map(buffer => Buffer.from(buffer))).toEqual([bytes]);
});

test('messages of a conversation are over when it rests: the kernel is busy until the last is answered', async () => {
  const say = (conversation: boolean) =>
    client.send('comm_msg', { comm_id: 'a', data: {} }, { metadata: { conversation } });
  const said = await Promise.all([1, 2, 3, 4].map(() => say(true)));
  for (const id of said) await finishComm(id);
  const heard = client.received.filter(({ parent }) => said.includes(String(parent.msg_id)));
  const place = (id: string, what: string) =>
    heard.findIndex(
      ({ parent, header, content }) =>
        parent.msg_id === id && (content.execution_state ?? header.msg_type) === what,
    );
  for (const id of said) expect(place(id, 'busy')).toBeLessThan(place(id, 'comm_msg'));
  expect(place(said[0], 'idle')).toBeGreaterThan(place(said[3], 'comm_msg'));
  expect(heard.length).toBe(12);
  // one that belongs to no conversation is over at once
  const alone = await say(false);
  await finishComm(alone);
  expect(client.outputsOf(alone).map(({ header }) => header.msg_type)).toEqual([
    'status',
    'comm_msg',
    'status',
  ]);
});

test('fifty megabytes there and back', async () => {
  const bytes = Buffer.alloc(50e6, 7);
  const sent = await client.send('comm_msg', { comm_id: 'a', data: {} }, { buffers: [bytes] });
  await finishComm(sent);
  expect(bytes.equals(commsIn(sent, 'comm_msg')[0].buffers[0])).toBe(true);
}, 60_000);

test('an unknown target is closed at once', async () => {
  const open = await client.send('comm_open', { comm_id: 'b', target_name: 'nobody', data: {} });
  await finishComm(open);
  expect(commsIn(open, 'comm_close').map(({ content }) => content.comm_id)).toEqual(['b']);
  expect((await client.request('comm_info_request')).reply.content.comms).toEqual({
    a: { target_name: 'echo' },
  });
});

test('the kernel opens and closes a comm', async () => {
  const { outputs } = await client.execute(`
    const mine = comms.open('view', { hello: 1 }, { buffers: [new Uint8Array([1, 2])] });
    mine.send({ more: 2 });
    mine.close()`);
  expect(outputs.slice(1).map(({ header, content }) => [header.msg_type, content.data])).toEqual([
    ['comm_open', { hello: 1 }],
    ['comm_msg', { more: 2 }],
    ['comm_close', {}],
  ]);
  expect(outputs[1].content.target_name).toBe('view');
});

test('comms of a runner that dies are closed, and messages to them answered with a close', async () => {
  const { outputs } = await client.execute('process.exit(0)');
  expect(
    outputs.filter(({ header }) => header.msg_type === 'comm_close').map(({ content }) => content.comm_id),
  ).toEqual(['a']);
  const sent = await client.send('comm_msg', { comm_id: 'a', data: {} });
  await finishComm(sent);
  expect(commsIn(sent, 'comm_close').length).toBe(1);
});

/** What `handler` leads to: types and texts of all that is published for one message, `idle` last. */
async function heardFrom(target: string, handler: string, meanwhile = async () => {}): Promise<string[]> {
  await client.execute(`
    globalThis[Symbol.for('neuronbook.host')].comms.register(${JSON.stringify(target)}, comm => {
      comm.onMessage = ${handler};
    })`);
  await finishComm(await client.send('comm_open', { comm_id: target, target_name: target, data: {} }));
  const id = await client.send('comm_msg', { comm_id: target, data: {} });
  await meanwhile();
  await finishComm(id);
  return client
    .outputsOf(id)
    .map(({ header, content }) =>
      String(content.execution_state ?? (content.text && String(content.text).trim()) ?? header.msg_type),
    );
}

test('the answer of a handler that awaits leaves before idle, and what it prints belongs to its message', async () => {
  const sleep = 'await new Promise(resolve => setTimeout(resolve, 100));';
  expect(
    await heardFrom('late', `async () => { ${sleep} console.log('late'); comm.send({ late: 1 }); }`),
  ).toEqual(['busy', 'late', 'comm_msg', 'idle']);
});

test('what a handler throws later is an error of its message', async () => {
  expect(await heardFrom('fails', `async () => { await 0; throw new RangeError('not today'); }`)).toEqual([
    'busy',
    'error',
    'idle',
  ]);
});

test.each([
  ['throws', `() => { throw new RangeError('not you') }`],
  ['rejects', `async () => { await 0; throw new RangeError('not you') }`],
])('a comm whose opening %s is closed', async (target, opened) => {
  await client.execute(
    `globalThis[Symbol.for('neuronbook.host')].comms.register(${JSON.stringify(target)}, ${opened})`,
  );
  const id = await client.send('comm_open', { comm_id: target, target_name: target, data: {} });
  await finishComm(id);
  expect(commsIn(id, 'comm_close').map(({ content }) => content.comm_id)).toEqual([target]);
  expect(commsIn(id, 'error').map(({ content }) => content.evalue)).toEqual(['not you']);
  const { reply } = await client.request('comm_info_request', { target_name: target });
  expect(reply.content.comms).toEqual({});
});

test('a handler that never ends hides neither idle nor the next cell', async () => {
  const seen = await heardFrom('never', `() => new Promise(() => {})`, async () => {
    const { reply, ms } = await client.execute('1');
    expect(reply.content.status).toBe('ok');
    expect(ms).toBeLessThan(2000);
  });
  expect(seen).toEqual(['busy', 'idle']);
});

test.each([
  ['in a loop of its own code', '() => { for (;;); }'],
  ['in a loop of a function that an earlier cell declared', '() => spin()'],
  ['in a promise', 'async () => { for (;;) await new Promise(resolve => setTimeout(resolve, 10)); }'],
])('an interrupt ends a handler %s, twice over, and keeps the state', async (name, handler) => {
  await client.execute('let kept = 7; function spin() { for (;;); }');
  for (const time of [1, 2]) {
    const seen = await heardFrom(`${name} ${time}`, handler, async () => {
      await sleep(300);
      await client.interrupt();
    });
    expect([seen.at(0), seen.at(-1)]).toEqual(['busy', 'idle']);
    expect(resultOf(await client.execute('kept'))).toBe('7');
  }
});
