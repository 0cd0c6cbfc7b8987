/** Several clients, other transports, large buffers, and what is sent while a cell runs. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMessage, toFrames } from '../wire/message.ts';
import { createSigner } from '../wire/sign.ts';
import { resultOf, startKernel, textOf, typesOf, type Client } from './test-client.ts';

let client: Client;
beforeAll(async () => {
  client = await startKernel();
  await client.execute(`
    const comms = globalThis[Symbol.for('neuronbook.host')].comms;
    const heard = [];
    comms.register('echo', (comm, { data, buffers }) => {
      if (buffers.length) comm.send({ opened: data }, { buffers });
      comm.onMessage = ({ data, buffers }) => { heard.push(data); comm.send(data, { buffers }); };
      comm.onClose = ({ data }) => heard.push(['closed', data]);
    })`);
}, 60_000);
afterAll(() => client.stop());

const idle = (id: string) =>
  client.until(() => client.outputsOf(id).some(({ content }) => content.execution_state === 'idle'), 'idle');
const messagesIn = (id: string, type = 'comm_msg') =>
  client.outputsOf(id).filter(({ header }) => header.msg_type === type);

test('two clients: each has its replies, both hear everything, and each is asked its own questions', async () => {
  const other = await client.another();
  client.answerQuestions(() => 'first');
  other.answerQuestions(() => 'second');
  const ask = { allow_stdin: true };
  const [mine, theirs] = await Promise.all([
    client.execute('await input("?") + " 😀"', ask),
    other.execute('await input("?") + " 𝒳"', ask),
  ]);
  expect([resultOf(mine), resultOf(theirs)]).toEqual(["'first 😀'", "'second 𝒳'"]);
  const id = (theirs.reply.parent as { msg_id: string }).msg_id;
  await client.until(() => client.outputsOf(id).length >= 4, 'what the other client ran');
  expect(client.replies.some(({ parent }) => (parent as { msg_id: string }).msg_id === id)).toBe(false);
  // an error of one aborts what the other has queued: there is one queue
  const first = await client.send(
    'execute_request',
    client.executeRequest('await new Promise(d => setTimeout(d, 200)); throw 1'),
  );
  const second = await other.send('execute_request', other.executeRequest('1'));
  expect((await other.finish(second)).reply.content.status).toBe('aborted');
  await client.finish(first);
  other.close();
  expect(resultOf(await client.execute('"still here"'))).toBe("'still here'");
});

test('an answer of a client that was not asked is none', async () => {
  const other = await client.another();
  const value = (text: string) => createMessage('input_reply', { status: 'ok', value: text });
  client.answerQuestions(() => {
    void other.sockets.stdin.send(toFrames(value('theirs'), createSigner(client.key)));
    setTimeout(() => void client.sockets.stdin.send(toFrames(value('mine'), createSigner(client.key))), 200);
    return undefined;
  });
  expect(resultOf(await client.execute('await input("?")', { allow_stdin: true }))).toBe("'mine'");
  other.close();
});

test('a cell that has ended asks nobody, and is told why', async () => {
  const id = await client.send(
    'execute_request',
    client.executeRequest('setTimeout(() => void input("late"), 50)', { allow_stdin: true }),
  );
  const error = await client.until(
    () => client.outputsOf(id).find(({ header }) => header.msg_type === 'error'),
    'an error',
  );
  expect(error.content.evalue).toBe('nobody can be asked: the cell that asks has ended');
});

test('comm messages keep their order, and are handled while a cell awaits', async () => {
  await idle(await client.send('comm_open', { comm_id: 'o', target_name: 'echo', data: {} }));
  const cell = await client.send(
    'execute_request',
    client.executeRequest(
      'heard.length = 0; while (heard.length < 50) await new Promise(done => setTimeout(done, 5)); heard.join()',
    ),
  );
  await client.until(() => messagesIn(cell, 'execute_input').length, 'the cell to start');
  const ids = [];
  for (let i = 0; i < 50; i++) ids.push(await client.send('comm_msg', { comm_id: 'o', data: i }));
  expect(resultOf(await client.finish(cell))).toBe(`'${Array.from({ length: 50 }, (_, i) => i).join()}'`);
  await idle(ids[49]);
  expect(ids.map(id => messagesIn(id).map(({ content }) => content.data))).toEqual(ids.map((_, i) => [i]));
});

test('buffers come with open and close too, several of them, empty ones, and a hundred megabytes', async () => {
  const parts = [new Uint8Array(), Uint8Array.of(1, 2, 3), new Uint8Array(100e6).fill(7)];
  const open = await client.send(
    'comm_open',
    { comm_id: 'big', target_name: 'echo', data: '𝒳' },
    { buffers: parts },
  );
  await idle(open);
  const [answer] = messagesIn(open);
  expect(answer.content.data).toEqual({ opened: '𝒳' });
  expect(answer.buffers.map(buffer => buffer.byteLength)).toEqual([0, 3, 100e6]);
  expect(Buffer.compare(answer.buffers[2], parts[2])).toBe(0);
  await idle(await client.send('comm_close', { comm_id: 'big', data: { bye: true } }));
  expect(resultOf(await client.execute('heard.at(-1)'))).toBe("[ 'closed', { bye: true } ]");
}, 60_000);

test('a handler that throws is an error under its message, and the next message is handled', async () => {
  await client.execute(
    `comms.register('bad', comm => { comm.onMessage = ({ data }) => { console.log('got', data); throw new Error('handler ' + data); } })`,
  );
  await idle(await client.send('comm_open', { comm_id: 'bad', target_name: 'bad', data: {} }));
  for (const data of ['one', '😀']) {
    const id = await client.send('comm_msg', { comm_id: 'bad', data });
    await idle(id);
    expect(messagesIn(id, 'error').map(({ content }) => content.evalue)).toEqual([`handler ${data}`]);
    expect(messagesIn(id, 'stream').map(({ content }) => content.text)).toEqual([`got ${data}\n`]);
    const states = client
      .outputsOf(id)
      .map(({ header, content }) => content.execution_state ?? header.msg_type);
    expect([states[0], states.at(-1)]).toEqual(['busy', 'idle']);
  }
});

test('comm_info knows targets; unknown comms are answered with a close', async () => {
  const info = async (target_name?: string) =>
    Object.keys(
      (await client.request('comm_info_request', target_name ? { target_name } : {})).reply.content
        .comms as object,
    );
  expect((await info('echo')).sort()).toEqual(['o']);
  expect(await info('nobody')).toEqual([]);
  expect((await info()).sort()).toEqual(['bad', 'o']);
  const id = await client.send('comm_msg', { comm_id: 'never opened', data: {} });
  await idle(id);
  expect(messagesIn(id, 'comm_close').map(({ content }) => content.comm_id)).toEqual(['never opened']);
});

test('a display of an earlier cell is updated from a later one, with all of Unicode', async () => {
  await client.execute('display("𝒳 old", { id: "kept" })');
  const { outputs } = await client
    .execute('update("kept", "😀 new")')
    .then(answer =>
      answer.reply.content.status === 'ok'
        ? answer
        : client.execute('display("😀 new", { id: "kept", update: true })'),
    );
  expect(outputs.map(({ header, content }) => [header.msg_type, content.transient])).toContainEqual([
    'update_display_data',
    { display_id: 'kept' },
  ]);
});

test('text keeps its characters wherever they are cut, and the order of both streams', async () => {
  const answer = await client.execute(`
    process.stdout.write('😀'.repeat(50_000) + '\\n');
    console.error('é𝒳');
    console.log('end');`);
  expect(textOf(answer)).toBe(`${'😀'.repeat(50_000)}\nend\n`);
  expect(textOf(answer, 'stderr')).toBe('é𝒳\n');
  const names = answer.outputs
    .filter(({ header }) => header.msg_type === 'stream')
    .map(({ content }) => content.name);
  expect(names.filter((name, i) => name !== names[i - 1])).toEqual(['stdout', 'stderr', 'stdout']);
});

test('an output of fifty megabytes arrives whole, before its idle', async () => {
  const answer = await client.execute(
    `display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'x'.repeat(50e6) }) })`,
  );
  expect(typesOf(answer)).toEqual(['execute_input', 'display_data']);
  expect((answer.outputs[1].content.data as Record<string, string>)['text/plain'].length).toBe(50e6);
}, 60_000);

test('over ipc sockets everything is the same', async () => {
  if (process.platform === 'win32') return;
  const local = await startKernel({ transport: 'ipc' });
  local.answerQuestions(() => '✓');
  expect(resultOf(await local.execute('await input("?")', { allow_stdin: true }))).toBe("'✓'");
  expect(await local.heartbeat()).toBe('ping');
  expect((await local.interrupt()).reply.content.status).toBe('ok');
  expect(await local.stop()).toBe(0);
}, 60_000);

test('shutdown ends a busy cell and says so to every client', async () => {
  const busy = await startKernel();
  const other = await busy.another();
  await busy.send('execute_request', busy.executeRequest('while (true);'));
  const id = await busy.send('shutdown_request', { restart: true }, { channel: 'control' });
  await other.until(
    () => other.outputsOf(id).some(({ header }) => header.msg_type === 'shutdown_reply'),
    'the word',
  );
  expect(await busy.exited).toBe(0);
  other.close();
  await busy.stop();
}, 60_000);
