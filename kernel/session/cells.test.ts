/** Magics, tslab and the converter as a front end sees them, over real sockets. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultOf, startKernel, textOf, typesOf, type Client } from './test-client.ts';

const cwd = mkdtempSync(join(tmpdir(), 'cells-'));
let client: Client;
beforeAll(async () => {
  client = await startKernel({ cwd });
}, 60_000);
afterAll(() => client.stop());

test('a shell line prints below the cell, in its place', async () => {
  const answer = await client.execute('console.log("before")\n!echo from the shell; echo aside >&2\n"value"');
  expect(answer.reply.content.status).toBe('ok');
  expect(textOf(answer)).toContain('from the shell\n');
  expect(textOf(answer, 'stderr')).toBe('aside\n');
  expect(resultOf(answer)).toBe("'value'");
});

test('%load answers with the text that takes the cell’s place', async () => {
  writeFileSync(join(cwd, 'made.ts'), 'const loaded = 1;\n');
  const { reply } = await client.execute('%load made.ts');
  expect(reply.content.payload).toEqual([
    { source: 'set_next_input', text: '// %load made.ts\nconst loaded = 1;\n', replace: true },
  ]);
  expect((await client.execute('1')).reply.content.payload).toEqual([]);
});

test('%%html is a display, %time prints and gives the value', async () => {
  const html = await client.execute('%%html\n<b>bold</b>');
  expect(typesOf(html)).toEqual(['execute_input', 'display_data']);
  expect(html.outputs[1].content.data).toEqual({ 'text/html': '<b>bold</b>', 'text/plain': 'bold' });
  const timed = await client.execute('%time [1, 2].map(x => x * 2)');
  expect(textOf(timed)).toMatch(/^CPU times: .*\nWall time: .*\n$/);
  expect(resultOf(timed)).toBe('[ 2, 4 ]');
});

test('completion and inspection know magics', async () => {
  const complete = await client.request('complete_request', { code: '%whos', cursor_pos: 3 });
  expect(complete.reply.content).toMatchObject({
    matches: ['%who', '%whos'],
    cursor_start: 0,
    cursor_end: 5,
  });
  const inspect = await client.request('inspect_request', { code: '%who', cursor_pos: 4, detail_level: 0 });
  expect(inspect.reply.content.data).toEqual({ 'text/plain': '%who\nthe names of all variables' });
});

test('%reset makes completion forget too', async () => {
  await client.execute('const toBeForgotten = 1');
  const complete = async () =>
    (await client.request('complete_request', { code: 'toBeForg', cursor_pos: 8 })).reply.content.matches;
  expect(await complete()).toEqual(['toBeForgotten']);
  await client.execute('%reset');
  expect(await complete()).toEqual([]);
  expect((await client.execute('toBeForgotten')).reply.content).toMatchObject({ ename: 'ReferenceError' });
});

test('Interrupt ends a command, and what it has started', async () => {
  const id = await client.send(
    'execute_request',
    client.executeRequest('!echo started; sleep 61.37; echo late'),
  );
  await client.until(() => client.outputsOf(id).some(({ content }) => content.text === 'started\n'), 'start');
  const since = performance.now();
  await client.interrupt();
  const answer = await client.finish(id);
  expect(answer.reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
  expect(performance.now() - since).toBeLessThan(5000);
  const left = await client.execute('%%sh\nps -A -o args= | grep "[s]leep 61.37" || echo none');
  expect(textOf(left)).toBe('none\n');
});

test('a notebook written for tslab', async () => {
  const { outputs, reply } = await client.execute(
    `import { display, newDisplay } from 'tslab'; const place = newDisplay(); place.html('<i>1</i>'); place.html('<i>2</i>'); display.png(new Uint8Array([1]))`,
  );
  expect(reply.content.status).toBe('ok');
  expect(outputs.slice(1).map(({ header, content }) => [header.msg_type, content.data])).toEqual([
    ['display_data', { 'text/html': '<i>1</i>', 'text/plain': '1' }],
    ['update_display_data', { 'text/html': '<i>2</i>', 'text/plain': '2' }],
    ['display_data', { 'image/png': 'AQ==', 'text/plain': 'image/png, 1 byte' }],
  ]);
});

test('cells by tslab’s own converter, where the environment asks for it', async () => {
  const converting = await startKernel({ cwd, env: { NEURONBOOK_CONVERTER: 'tslab' } });
  try {
    expect(resultOf(await converting.execute('let cnt = 0; function inc() { cnt++ }\n1 + 1;'))).toBe('2');
    expect(resultOf(await converting.execute('cnt = 100; inc(); cnt'))).toBe('1');
    expect((await converting.execute('const s: number = "text"')).reply.content).toMatchObject({
      ename: 'TypeErrors',
      evalue: "1:7 - Type 'string' is not assignable to type 'number'. (TS2322)",
    });
  } finally {
    await converting.stop();
  }
}, 60_000);
