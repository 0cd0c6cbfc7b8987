/** What the messaging protocol promises, over real sockets. */
import { Dealer } from 'zeromq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMessage, toFrames } from '../wire/message.ts';
import { createSigner } from '../wire/sign.ts';
import { resultOf, startKernel, textOf, typesOf, type Client } from './test-client.ts';

let client: Client;
beforeAll(async () => {
  client = await startKernel();
}, 60_000);
afterAll(() => client.stop());

const statesOf = (id: string) =>
  client
    .outputsOf(id)
    .filter(({ header }) => header.msg_type === 'status')
    .map(({ content }) => content.execution_state);

test('kernel_info says what the kernel is', async () => {
  const { content } = (await client.request('kernel_info_request')).reply;
  expect(content).toMatchObject({
    status: 'ok',
    protocol_version: '5.4',
    implementation: 'neuronbook',
    language_info: { name: 'typescript', mimetype: 'text/typescript', file_extension: '.ts' },
  });
  // front ends take an object here for a mode that does not exist (Deno #36241)
  expect((content.language_info as Record<string, unknown>).codemirror_mode).toBe('typescript');
});

test('a new listener is told how things stand, in reply to nobody', async () => {
  // JupyterLab ignores the status messages of its kernel_info requests: this one alone ends its "Restarting"
  const standing = await client.until(
    () => client.received.find(({ header, parent }) => header.msg_type === 'status' && !('msg_id' in parent)),
    'status without a parent',
  );
  expect(standing.content).toEqual({ execution_state: 'idle' });
});

test('a value is an execute_result, numbered as its cell, between busy and idle', async () => {
  const answer = await client.execute('40 + 2');
  const { execution_count: count } = answer.reply.content;
  expect(answer.reply.content).toEqual({
    status: 'ok',
    execution_count: count,
    user_expressions: {},
    payload: [],
  });
  expect(answer.outputs.map(({ header, content }) => [header.msg_type, content])).toEqual([
    ['execute_input', { code: '40 + 2', execution_count: count }],
    ['execute_result', { data: { 'text/plain': '42' }, metadata: {}, execution_count: count, transient: {} }],
  ]);
  expect(statesOf((answer.reply.parent as { msg_id: string }).msg_id)).toEqual(['busy', 'idle']);
});

test('an error is an error in the reply and on iopub (Deno #35328)', async () => {
  const { reply, outputs } = await client.execute('throw new RangeError("too far")');
  expect(reply.content).toMatchObject({ status: 'error', ename: 'RangeError', evalue: 'too far' });
  expect((reply.content.traceback as string[]).join('\n')).toContain('too far');
  const { ename, evalue, traceback } = reply.content;
  expect(outputs.at(-1)).toMatchObject({
    header: { msg_type: 'error' },
    content: { ename, evalue, traceback },
  });
});

test('what is printed keeps its order with displays, and children print into the notebook', async () => {
  const answer = await client.execute(`
    console.log('one');
    display('two');
    console.log('three');
    require('node:child_process').execSync('echo four; echo five >&2', { stdio: 'inherit' });`);
  expect(typesOf(answer).slice(1, 4)).toEqual(['stream', 'display_data', 'stream']);
  expect(textOf(answer)).toBe('one\nthree\nfour\n');
  expect(textOf(answer, 'stderr')).toBe('five\n');
});

test('a display can be replaced by its id, and always says what is transient (Deno #34483)', async () => {
  const { outputs } = await client.execute(
    'const shown = display("old", { id: "one" }); shown.update("new")',
  );
  expect(outputs.slice(1).map(({ header, content }) => [header.msg_type, content])).toEqual([
    ['display_data', { data: { 'text/plain': "'old'" }, metadata: {}, transient: { display_id: 'one' } }],
    [
      'update_display_data',
      { data: { 'text/plain': "'new'" }, metadata: {}, transient: { display_id: 'one' } },
    ],
  ]);
});

test('clear_output', async () => {
  const { outputs } = await client.execute('clear({ wait: true })');
  expect(outputs[1]).toMatchObject({ header: { msg_type: 'clear_output' }, content: { wait: true } });
});

test('a silent cell says nothing, is not counted and not remembered', async () => {
  const before = (await client.execute('1')).reply.content.execution_count;
  const silent = await client.execute('console.log("hidden"); "unseen"', { silent: true });
  expect(silent.reply.content).toMatchObject({ status: 'ok', execution_count: before });
  expect(silent.outputs).toEqual([]);
  const failing = await client.execute('throw new Error("hidden")', { silent: true, stop_on_error: false });
  expect([failing.reply.content.status, failing.outputs]).toEqual(['error', []]);
  const unstored = await client.execute('2', { store_history: false });
  expect([unstored.reply.content.execution_count, resultOf(unstored)]).toEqual([before, '2']);
  const tail = (
    await client.request('history_request', { hist_access_type: 'tail', n: 1, raw: true, output: false })
  ).reply.content.history as unknown[][];
  expect(tail[0][2]).toBe('1');
});

test('user_expressions are answered with values and errors', async () => {
  const { reply } = await client.execute('let base = 20', {
    user_expressions: { twice: 'base * 2', missing: 'nowhere' },
  });
  expect(reply.content.user_expressions).toMatchObject({
    twice: { status: 'ok', data: { 'text/plain': '40' }, metadata: {} },
    missing: { status: 'error', ename: 'ReferenceError' },
  });
});

test('cells that were queued behind an error are aborted, later ones run', async () => {
  const codes = [
    'await new Promise(done => setTimeout(done, 100)); throw new Error("first")',
    '"second"',
    '"third"',
  ];
  const ids = [];
  for (const code of codes) ids.push(await client.send('execute_request', client.executeRequest(code)));
  const answers = await Promise.all(ids.map(id => client.finish(id)));
  expect(answers.map(({ reply }) => reply.content.status)).toEqual(['error', 'aborted', 'aborted']);
  expect(answers[1].outputs).toEqual([]);
  expect(resultOf(await client.execute('"after"'))).toBe("'after'");
});

test('with stop_on_error off the queue goes on', async () => {
  const first = await client.send(
    'execute_request',
    client.executeRequest('throw 1', { stop_on_error: false }),
  );
  const second = await client.send('execute_request', client.executeRequest('"goes on"'));
  expect((await client.finish(first)).reply.content.status).toBe('error');
  expect(resultOf(await client.finish(second))).toBe("'goes on'");
});

test('history: the tail, a range, a search', async () => {
  await client.execute('"needle one"');
  await client.execute('"needle two"');
  await client.execute('"needle two"');
  const ask = async (content: Record<string, unknown>) =>
    (await client.request('history_request', { raw: true, output: false, ...content })).reply.content
      .history as [number, number, unknown][];
  const tail = await ask({ hist_access_type: 'tail', n: 2, output: true });
  expect(tail.map(([, , pair]) => pair)).toEqual([
    ['"needle two"', "'needle two'"],
    ['"needle two"', "'needle two'"],
  ]);
  const [session, line] = tail[0];
  const range = await ask({ hist_access_type: 'range', session, start: line, stop: line + 1 });
  expect(range).toEqual([[session, line, '"needle two"']]);
  const search = await ask({ hist_access_type: 'search', pattern: '*needle*', unique: true });
  expect(search.map(([, , code]) => code)).toEqual(['"needle one"', '"needle two"']);
});

test('control, heartbeat and kernel_info answer while a cell loops', async () => {
  const id = await client.send('execute_request', client.executeRequest('while (true);'));
  await client.until(() => client.outputsOf(id).length >= 2, 'the cell to start');
  expect(await client.heartbeat()).toBe('ping');
  const { reply, ms } = await client.request('kernel_info_request');
  expect([reply.content.status, ms < 1000]).toEqual(['ok', true]);
  expect((await client.request('kernel_info_request', {}, 'control')).reply.content.status).toBe('ok');
  await client.interrupt();
  expect((await client.finish(id)).reply.content.ename).toBe('Interrupted');
});

test('a question reaches the client that runs the cell; without stdin it is an error', async () => {
  client.answerQuestions((prompt, password) => `${prompt} ${password} ✓`);
  const asked = await client.execute('await input("who?", { password: true })', { allow_stdin: true });
  expect(resultOf(asked)).toBe("'who? true ✓'");
  const refused = await client.execute('await input("who?")', { allow_stdin: false });
  expect(refused.reply.content.evalue).toBe('nobody can be asked: this client takes no questions from cells');
});

test('a question that nobody answers can be interrupted, and the next one is answered afresh', async () => {
  client.answerQuestions(() => undefined);
  const id = await client.send(
    'execute_request',
    client.executeRequest('await input("?")', { allow_stdin: true }),
  );
  await new Promise(done => setTimeout(done, 200));
  await client.interrupt();
  expect((await client.finish(id)).reply.content.ename).toBe('Interrupted');
  client.answerQuestions(() => 'here');
  expect(resultOf(await client.execute('await input("?")', { allow_stdin: true }))).toBe("'here'");
});

test('a message with a wrong signature is dropped (Deno #34825)', async () => {
  const forger = new Dealer({ linger: 0 });
  forger.connect(client.address('shell'));
  const code = client.executeRequest('globalThis.forged = true');
  await forger.send(toFrames(createMessage('execute_request', code), createSigner('another key')));
  await new Promise(done => setTimeout(done, 200));
  forger.close();
  expect(resultOf(await client.execute('"forged" in globalThis'))).toBe('false');
});

test('unknown requests are ignored', async () => {
  await client.send('no_such_request', {});
  expect(resultOf(await client.execute('1'))).toBe('1');
});

test('name? shows help in the pager', async () => {
  const { reply } = await client.execute('Math.max?');
  const [page] = reply.content.payload as { source: string; data: Record<string, string> }[];
  expect([page.source, page.data['text/plain'].includes('max')]).toEqual(['page', true]);
});

test('positions count code points, not UTF-16 units (Deno #35098)', async () => {
  const code = '"𝒳😀".padSt';
  const { reply } = await client.request('complete_request', { code, cursor_pos: [...code].length });
  expect(reply.content).toMatchObject({ matches: ['padStart'], cursor_start: 5, cursor_end: 10 });
});

test('a flood of lines arrives whole, in few messages', async () => {
  const answer = await client.execute('for (let i = 0; i < 100_000; i++) console.log(i)');
  expect(textOf(answer).split('\n').length).toBe(100_001);
  expect(answer.outputs.length).toBeLessThan(1000);
}, 60_000);

test('an endless flood is bounded and can be interrupted', async () => {
  const id = await client.send(
    'execute_request',
    client.executeRequest('while (true) console.log("x".repeat(100))'),
  );
  await new Promise(done => setTimeout(done, 1000));
  await client.interrupt();
  const answer = await client.finish(id);
  expect(answer.reply.content.ename).toBe('Interrupted');
  expect(textOf(answer).length).toBeLessThan(64e6);
}, 60_000);

test('late output goes to the cell that started it', async () => {
  const early = await client.send(
    'execute_request',
    client.executeRequest('setTimeout(() => console.log("from the first"), 300)'),
  );
  await client.finish(early);
  await client.execute('await new Promise(done => setTimeout(done, 600))');
  const late = client.outputsOf(early).filter(({ header }) => header.msg_type === 'stream');
  expect(late.map(({ content }) => content.text)).toEqual(['from the first\n']);
});
