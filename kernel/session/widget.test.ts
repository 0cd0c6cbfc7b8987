/** Widgets over real sockets: this client plays the front end, by ipywidgets' messages. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Content } from '../wire/message.ts';
import { startKernel, textOf, type Answer, type Client } from './test-client.ts';

let client: Client;
let model: string;
beforeAll(async () => {
  client = await startKernel();
}, 60_000);
afterAll(() => client.stop());

const sentBy = ({ outputs }: Pick<Answer, 'outputs'>) =>
  outputs
    .filter(({ header }) => header.msg_type.startsWith('comm_'))
    .map(({ header, content, buffers }) => ({
      type: header.msg_type,
      ...(content as { comm_id: string; data: Content }),
      buffers: buffers.map(bytes => [...bytes]),
    }));

/** Sends as the page does, and gives what the kernel sent and printed for it. */
async function page(type: 'comm_open' | 'comm_msg', content: Content, buffers: Uint8Array[] = []) {
  const id = await client.send(type, content, { buffers });
  await client.until(
    () => client.outputsOf(id).some(({ content }) => content.execution_state === 'idle'),
    'idle after a comm message',
  );
  const outputs = client.outputsOf(id);
  return { sent: sentBy({ outputs }), text: textOf({ outputs } as Answer) };
}

test('opens a comm with its state and binary values, and shows as a view of that model', async () => {
  const answer = await client.execute(`
    import { widget } from 'neuronbook';
    const w = widget({
      esm: 'export default { render() {} }',
      css: '.x {}',
      state: { count: 0, pixels: new Uint8Array([1, 2, 3]) },
    });
    w.on('count', count => console.log('count is', count));
    w.onMessage((content, buffers) => console.log('heard', content, buffers.length));
    w`);
  expect(answer.reply.content.status).toBe('ok');
  const [open] = sentBy(answer);
  model = open.comm_id;
  expect(open).toEqual({
    type: 'comm_open',
    comm_id: model,
    target_name: 'jupyter.widget',
    data: {
      state: {
        _model_module: 'anywidget',
        _model_module_version: '*',
        _model_name: 'AnyModel',
        _view_module: 'anywidget',
        _view_module_version: '*',
        _view_name: 'AnyView',
        _view_count: null,
        _anywidget_id: 'neuronbook.widget',
        _esm: 'export default { render() {} }',
        _css: '.x {}',
        count: 0,
      },
      buffer_paths: [['pixels']],
    },
    buffers: [[1, 2, 3]],
  });
  const opened = answer.outputs.find(({ header }) => header.msg_type === 'comm_open');
  expect(opened?.metadata).toEqual({ version: '2.1.0' });
  const shown = answer.outputs.find(({ header }) => header.msg_type === 'execute_result');
  expect((shown?.content.data as Content)['application/vnd.jupyter.widget-view+json']).toEqual({
    version_major: 2,
    version_minor: 0,
    model_id: model,
  });
});

test('a change in the page is echoed, kept, and told to the cell’s callbacks', async () => {
  const { sent, text } = await page(
    'comm_msg',
    {
      comm_id: model,
      data: {
        method: 'update',
        state: { count: 3, extra: { list: [null] } },
        buffer_paths: [['extra', 'list', 0]],
      },
    },
    [new Uint8Array([9])],
  );
  expect(sent).toEqual([
    {
      type: 'comm_msg',
      comm_id: model,
      data: {
        method: 'echo_update',
        state: { count: 3, extra: { list: [null] } },
        buffer_paths: [['extra', 'list', 0]],
      },
      buffers: [[9]],
    },
  ]);
  expect(text).toBe('count is 3\n');
  expect(textOf(await client.execute('console.log(w.get("count"), w.get("extra" as never))'))).toBe(
    '3 { list: [ <Buffer 09> ] }\n',
  );
});

test('a change in the notebook goes to the page', async () => {
  const answer = await client.execute('w.set({ count: 7, pixels: new Uint8Array([5]) });');
  expect(sentBy(answer)).toEqual([
    {
      type: 'comm_msg',
      comm_id: model,
      data: { method: 'update', state: { count: 7 }, buffer_paths: [['pixels']] },
      buffers: [[5]],
    },
  ]);
  expect(textOf(answer)).toBe('count is 7\n');
});

test('messages that are no state, both ways', async () => {
  const { text } = await page(
    'comm_msg',
    { comm_id: model, data: { method: 'custom', content: { go: 1 } } },
    [new Uint8Array(2)],
  );
  expect(text).toBe('heard { go: 1 } 1\n');
  const [sent] = sentBy(await client.execute('w.send({ play: true }, [new Uint8Array([4])]);'));
  expect(sent).toMatchObject({ data: { method: 'custom', content: { play: true } }, buffers: [[4]] });
});

test('a page that comes late gets the state of one, or of all', async () => {
  const { sent } = await page('comm_msg', { comm_id: model, data: { method: 'request_state' } });
  expect(sent[0]).toMatchObject({
    data: {
      method: 'update',
      state: { count: 7, _esm: expect.any(String) },
      buffer_paths: [['pixels'], ['extra', 'list', 0]],
    },
  });
  await client.execute('const other = widget({ esm: "export default {}", state: { name: "second" } });');
  await page('comm_open', { comm_id: 'c', target_name: 'jupyter.widget.control', data: {} });
  const all = await page('comm_msg', { comm_id: 'c', data: { method: 'request_states' } });
  const { method, states, buffer_paths } = all.sent[0].data as {
    method: string;
    states: Record<string, { model_name: string; model_module: string; state: Content }>;
    buffer_paths: unknown;
  };
  expect(method).toBe('update_states');
  expect(
    Object.values(states).map(({ model_name, state }) => [model_name, state.name ?? state.count]),
  ).toEqual([
    ['AnyModel', 7],
    ['AnyModel', 'second'],
  ]);
  expect(buffer_paths).toEqual(expect.arrayContaining([[model, 'state', 'pixels']]));
});

test('new code is sent in place; a closed widget says no more', async () => {
  const answer = await client.execute(
    'w.reload({ esm: "export default 2" }); w.close(); w.set({ count: 8 });',
  );
  expect(sentBy(answer).map(({ type, data }) => [type, data.method, data.state])).toEqual([
    ['comm_msg', 'update', { _esm: 'export default 2' }],
    ['comm_close', undefined, undefined],
  ]);
  const { reply } = await client.request('comm_info_request', { target_name: 'jupyter.widget' });
  expect(Object.keys(reply.content.comms as object)).not.toContain(model);
});

test('a broken message changes nothing', async () => {
  const [open] = sentBy(await client.execute('const third = widget({ esm: "", state: { a: 1 } });'));
  for (const data of [
    null,
    5,
    { method: 'update' },
    { method: 'update', state: { _esm: 'evil', ['__proto__']: {} } },
  ])
    await page('comm_msg', { comm_id: open.comm_id, data });
  expect(textOf(await client.execute('console.log(third.get("a"))'))).toBe('1\n');
  const { sent } = await page('comm_msg', { comm_id: open.comm_id, data: { method: 'request_state' } });
  expect((sent[0].data.state as Content)._esm).toBe('');
});
