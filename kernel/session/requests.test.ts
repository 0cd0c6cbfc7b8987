/** Execute requests to the letter, subshells and the smaller requests, over real sockets. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultOf, startKernel, textOf, typesOf, type Client } from './test-client.ts';

let client: Client;
beforeAll(async () => {
  client = await startKernel();
}, 60_000);
afterAll(() => client.stop());

const sleepFor = (ms: number) => `await new Promise(done => setTimeout(done, ${ms}));`;

test('a reply says when its cell started and how it ended', async () => {
  const since = Date.now();
  const { reply } = await client.execute('1');
  expect(reply.metadata).toMatchObject({ dependencies_met: true, status: 'ok' });
  const started = Date.parse(String(reply.metadata.started));
  expect(started - since).toBeGreaterThan(-100);
  expect(Date.now() - started).toBeLessThan(60_000);
  expect((await client.execute('throw 1')).reply.metadata.status).toBe('error');
});

test('an empty cell is not counted, and its expressions are answered', async () => {
  const { execution_count: before } = (await client.execute('let known = 20')).reply.content;
  for (const code of ['', ' \n\t'])
    expect((await client.execute(code)).reply.content).toMatchObject({
      status: 'ok',
      execution_count: before,
    });
  const { reply, outputs } = await client.execute('', {
    silent: true,
    user_expressions: { twice: 'known * 2', missing: 'nowhere', odd: 5 },
  });
  expect(outputs).toEqual([]);
  expect(reply.content).toMatchObject({
    execution_count: before,
    user_expressions: {
      twice: { status: 'ok', data: { 'text/plain': '40' } },
      missing: { status: 'error', ename: 'ReferenceError', evalue: 'nowhere is not defined' },
      odd: { status: 'ok', data: { 'text/plain': '5' } },
    },
  });
});

test('expressions follow a cell that worked, not one that failed, and nonsense in their place is nothing', async () => {
  const user_expressions = { now: 'known' };
  expect((await client.execute('throw 1', { user_expressions })).reply.content.user_expressions).toEqual({});
  for (const odd of [null, 7, 'text', []])
    expect((await client.execute('1', { user_expressions: odd })).reply.content).toMatchObject({
      status: 'ok',
      user_expressions: {},
    });
});

test('a silent error aborts nobody', async () => {
  const ids = [
    await client.send('execute_request', client.executeRequest(`${sleepFor(100)} throw 1`, { silent: true })),
    await client.send('execute_request', client.executeRequest('"goes on"')),
  ];
  const [first, second] = await Promise.all(ids.map(id => client.finish(id)));
  expect([first.reply.content.status, resultOf(second)]).toEqual(['error', "'goes on'"]);
});

test('each aborted cell has its busy, its reply and its idle, in this order', async () => {
  const codes = [`${sleepFor(100)} throw 1`, '1', '2', '3'];
  const ids = [];
  for (const code of codes) ids.push(await client.send('execute_request', client.executeRequest(code)));
  const answers = await Promise.all(ids.map(id => client.finish(id)));
  for (const { reply } of answers.slice(1)) {
    expect(reply.content).toEqual({ status: 'aborted' });
    const { msg_id: id } = reply.parent as { msg_id: string };
    expect(client.outputsOf(id).map(({ content }) => content.execution_state)).toEqual(['busy', 'idle']);
  }
});

test('a value unfit for JSON reaches nobody in half: comms refuse it, bundles say what they can', async () => {
  const { reply } = await client.execute(
    `globalThis[Symbol.for('neuronbook.host')].comms.open('t', { big: 1n })`,
  );
  expect(reply.content).toMatchObject({ status: 'error', ename: 'TypeError' });
  const shown = await client.execute(
    `({ [Symbol.for('Jupyter.display')]: () => ({ 'application/json': { big: 1n } }) })`,
  );
  expect(typesOf(shown)).toEqual(['execute_input', 'execute_result']);
});

test('bundles are what JSON makes of them, and one that it cannot take is no reason to stay silent', async () => {
  const bundle = (value: string) =>
    `({ [Symbol.for('Jupyter.display')]: () => ({ 'application/json': ${value} }) })`;
  const seen = async (value: string) =>
    (
      (await client.execute(bundle(value))).outputs.at(-1)?.content.data as
        Record<string, unknown> | undefined
    )?.['application/json'];
  expect(await seen('{ when: new Date(0), f() {}, own: { toJSON: () => "own" } }')).toEqual({
    when: '1970-01-01T00:00:00.000Z',
    own: 'own',
  });
  const { reply } = await client.execute('1', {
    user_expressions: { f: bundle('() => 1'), bad: bundle('{ toJSON() { throw new Error("never") } }') },
  });
  // the second one's own display fails, and the value is told in words
  expect(reply.content.user_expressions).toMatchObject({ f: { status: 'ok' }, bad: { status: 'ok' } });
});

test('two questions at once are asked one after the other', async () => {
  const prompts: string[] = [];
  client.answerQuestions(prompt => (prompts.push(prompt), prompt.toUpperCase()));
  const answer = await client.execute(`await Promise.all([input('a'), input('𝒷😀')])`, { allow_stdin: true });
  expect([resultOf(answer), prompts]).toEqual(["[ 'A', '𝒷😀' ]", ['a', '𝒷😀']]);
});

test('stdin that nobody may use is an error by the name that others give it', async () => {
  const { reply } = await client.execute('await input("?")', { allow_stdin: false });
  expect(reply.content).toMatchObject({ status: 'error', ename: 'StdinNotImplementedError' });
});

test('connect_request names the ports', async () => {
  const { content } = (await client.request('connect_request')).reply;
  expect(client.address('shell')).toBe(`tcp://127.0.0.1:${String(content.shell_port)}`);
  expect(Object.keys(content).sort()).toEqual([
    'control_port',
    'hb_port',
    'iopub_port',
    'shell_port',
    'status',
    'stdin_port',
  ]);
});

test('a request of an unknown type is busy and idle, and no more', async () => {
  const id = await client.send('no_such_request', {});
  await client.until(() => client.outputsOf(id).length === 2, 'busy and idle');
  expect(client.outputsOf(id).map(({ content }) => content.execution_state)).toEqual(['busy', 'idle']);
});

test('usage counts supervisor, runner and what cells started', async () => {
  const usage = async () => (await client.request('usage_request', {}, 'control')).reply.content;
  const before = await usage();
  expect(before).toMatchObject({ status: 'ok', pid: client.kernel.pid });
  expect(before.kernel_memory).toBeGreaterThan(40e6);
  await client.execute(`globalThis.ballast = Buffer.alloc(300e6, 1); for (let i = 0; i < 3e7; i++);`);
  const after = await usage();
  expect(Number(after.kernel_memory) - Number(before.kernel_memory)).toBeGreaterThan(250e6);
  expect(after.kernel_cpu).toBeGreaterThan(5);
  expect(after.host_virtual_memory).toMatchObject({ total: expect.any(Number), percent: expect.any(Number) });
  await client.execute('delete globalThis.ballast');
});

const createSubshell = async () =>
  (await client.request('create_subshell_request', {}, 'control')).reply.content.subshell_id as string;
const on = (subshell_id: string) => ({ header: { subshell_id } });

test('subshells are created, listed and deleted', async () => {
  const list = async () => (await client.request('list_subshell_request', {}, 'control')).reply.content;
  const [a, b] = [await createSubshell(), await createSubshell()];
  expect(await list()).toEqual({ status: 'ok', subshell_id: [a, b] });
  const remove = async (id: string) =>
    (await client.request('delete_subshell_request', { subshell_id: id }, 'control')).reply.content;
  expect(await remove(a)).toEqual({ status: 'ok' });
  expect(await remove(a)).toMatchObject({ status: 'error', ename: 'UnknownSubshellError' });
  expect(await list()).toEqual({ status: 'ok', subshell_id: [b] });
  const lost = await client.request('execute_request', client.executeRequest('1'), on(a));
  expect(lost.reply.content).toMatchObject({ status: 'error', ename: 'UnknownSubshellError' });
  await remove(b);
  expect(await list()).toEqual({ status: 'ok', subshell_id: [] });
});

test('a subshell runs cells while the main shell waits, each output under its own cell', async () => {
  const subshell = await createSubshell();
  const main = await client.send(
    'execute_request',
    client.executeRequest(
      `let go = false; console.log('main 1'); while (!go) { ${sleepFor(5)} } console.log('main 2'); 'main'`,
    ),
  );
  await client.until(
    () => client.outputsOf(main).some(({ header }) => header.msg_type === 'stream'),
    'main 1',
  );
  const request = (code: string) =>
    client.request('execute_request', client.executeRequest(code), on(subshell));
  const one = await request(`console.log('sub 1'); ${sleepFor(30)} console.log('sub 2'); 'sub'`);
  expect([textOf(one), resultOf(one)]).toEqual(['sub 1\nsub 2\n', "'sub'"]);
  expect((one.reply.parent as { subshell_id?: string }).subshell_id).toBe(subshell);
  const failed = await request('throw new Error("only here")');
  expect(failed.reply.content).toMatchObject({ status: 'error', evalue: 'only here' });
  expect(
    (await client.request('complete_request', { code: 'Math.hyp', cursor_pos: 8 }, on(subshell))).reply
      .content.status,
  ).toBe('ok');
  await request('go = true');
  const answer = await client.finish(main);
  expect([textOf(answer), resultOf(answer)]).toEqual(['main 1\nmain 2\n', "'main'"]);
  const counts = [one, answer].map(({ reply }) => Number(reply.content.execution_count));
  expect(counts[0]).toBe(counts[1] + 1);
  await client.request('delete_subshell_request', { subshell_id: subshell }, 'control');
});

test('an error aborts the queue of its own shell only; a deleted subshell aborts what waits in it', async () => {
  const [a, b] = [await createSubshell(), await createSubshell()];
  const send = (code: string, id: string) =>
    client.send('execute_request', client.executeRequest(code), on(id));
  const ids = [
    await send(`${sleepFor(150)} throw 1`, a),
    await send(`${sleepFor(300)} 'b 1'`, b),
    await send(`'a 2'`, a),
    await send(`'b 2'`, b),
  ];
  expect((await client.finish(ids[2])).reply.content.status).toBe('aborted');
  await client.request('delete_subshell_request', { subshell_id: b }, 'control');
  expect((await client.finish(ids[3])).reply.content.status).toBe('aborted');
  expect(resultOf(await client.finish(ids[1]))).toBe("'b 1'");
  await client.request('delete_subshell_request', { subshell_id: a }, 'control');
});

test('an interrupt stops the cells of all shells, and the state stays', async () => {
  const subshell = await createSubshell();
  const loop = `while (true) { ${sleepFor(10)} }`;
  const ids = [
    await client.send('execute_request', client.executeRequest(loop)),
    await client.send('execute_request', client.executeRequest(loop), on(subshell)),
  ];
  await client.until(() => ids.every(id => client.outputsOf(id).length >= 2), 'both to start');
  await client.interrupt();
  for (const id of ids) expect((await client.finish(id)).reply.content.ename).toBe('Interrupted');
  expect(resultOf(await client.execute('known'))).toBe('20');
  await client.request('delete_subshell_request', { subshell_id: subshell }, 'control');
});

test('a runner that dies answers the cells of all shells', async () => {
  const subshell = await createSubshell();
  const main = await client.send('execute_request', client.executeRequest(`${sleepFor(60_000)}`));
  await client.until(() => client.outputsOf(main).length >= 2, 'the cell to start');
  const killed = await client.request(
    'execute_request',
    client.executeRequest('process.exit(3)'),
    on(subshell),
  );
  expect(killed.reply.content.ename).toBe('ProcessExited');
  expect((await client.finish(main)).reply.content.ename).toBe('ProcessExited');
  const again = await client.request('execute_request', client.executeRequest('6 * 7'), on(subshell));
  expect(resultOf(again)).toBe('42');
});
