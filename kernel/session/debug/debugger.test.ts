/** The debugger over real sockets: a cell stops where the reader said, shows what it knows, and goes on. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { resultOf, startKernel, textOf, type Client } from '../test-client.ts';
import type { Variable } from './dap.ts';
import { createDap, type Dap } from './test-dap.ts';

let client: Client;
let dap: Dap;

beforeAll(async () => {
  client = await startKernel();
  dap = createDap(client);
});
afterAll(() => client.stop());
beforeEach(async () => {
  await dap.ask('disconnect');
  await dap.attach();
});

const go = () => dap.request('continue', { threadId: 1 });

test('a cell stops at its breakpoint, on the line of its TypeScript, and goes on', async () => {
  const code = `interface Point { x: number }
const point: Point = { x: 2 };

const doubled = point.x * 2;
doubled + 1`;
  expect(await dap.breakpoints(code, [4])).toMatchObject([{ verified: true, line: 4 }]);
  const cell = await dap.start(code);
  const { reason, at, frames } = await dap.stopped();
  expect([reason, at]).toEqual(['breakpoint', expect.stringMatching(/^Cell \d+:4$/)]);
  expect(frames).toHaveLength(1);
  expect(await dap.evaluate('point.x + 40', frames[0].id)).toBe('42');
  await go();
  const answer = await cell.done();
  expect([answer.reply.content.status, resultOf(answer)]).toEqual(['ok', '5']);
});

test('shows locals, the variables around, and the notebook’s, and evaluates among them', async () => {
  const code = `const scale = 10;
const list = [1, 2, 3];
function outer(base: number) {
  const hidden = 'seen';
  return list.map(item => {
    const sum = item * scale + base;
    return [sum, hidden];
  });
}
const answers = outer(0.5);`;
  await dap.breakpoints(code, [7]);
  const cell = await dap.start(code);
  const { frames } = await dap.stopped();
  const { Locals, Closure, Globals } = await dap.variables(frames[0].id);
  expect(Locals).toEqual({ item: '1', sum: '10.5' });
  expect(Closure).toEqual({ base: '0.5', hidden: "'seen'" });
  expect(Globals).toMatchObject({ scale: '10', list: '[ 1, 2, 3 ]', outer: 'ƒ outer' });
  expect(Object.keys(Globals)).not.toContain('display');
  expect(await dap.evaluate('[item, sum, hidden, scale, list.length] as const', frames[0].id)).toBe(
    "[ 1, 10.5, 'seen', 10, 3 ]",
  );
  // an assignment reaches the function's own variable, and a new name the notebook
  await dap.evaluate('sum = 7; const fresh = sum + 1', frames[0].id);
  expect((await dap.variables(frames[0].id)).Locals.sum).toBe('7');
  expect((await dap.variables(frames[1].id)).Locals).toMatchObject({ base: '0.5' });
  await dap.breakpoints(code, []);
  await go();
  await cell.done();
  expect(resultOf(await client.execute('[answers[0][0], fresh]'))).toBe('[ 7, 8 ]');
});

test('a tensor shows its shape and statistics, and opens', async () => {
  const code = `const weights = { dtype: 'float32', dims: [2, 2], data: new Float32Array([1, 2, 3, 6]) };
weights.dims`;
  await dap.breakpoints(code, [2]);
  const cell = await dap.start(code);
  const { frames } = await dap.stopped();
  const { Locals, Globals } = await dap.variables(frames[0].id);
  expect(Locals).toEqual({ weights: Globals.weights });
  expect(Globals.weights).toBe('tensor float32 2×2 · min 1, mean 3, max 6');
  await go();
  await cell.done();
});

test('conditions, hit counts and log points', async () => {
  const code = `let log = [];
const limit = 3;
for (let i = 0; i < 6; i++) {
  log.push(i);
}
log.length`;
  const run = async (point: object) => {
    const [found] = await dap.breakpoints(code, [{ line: 4, ...point }]);
    const cell = await dap.start(code);
    const seen: string[] = [];
    const over = cell.done();
    let finished = false;
    void over.then(() => (finished = true));
    while (!finished) {
      const stop = await Promise.race([dap.stopped().catch(() => undefined), over.then(() => undefined)]);
      if (!stop) break;
      seen.push(await dap.evaluate('i', stop.frames[0].id));
      await go();
    }
    return { found, seen, out: textOf(await over) };
  };
  expect((await run({ condition: 'i > limit' })).seen).toEqual(['4', '5']);
  expect((await run({ hitCondition: '% 3' })).seen).toEqual(['2', '5']);
  const logged = await run({ logMessage: 'i is {i} of {limit}', condition: 'i < 2' });
  expect([logged.seen, logged.out]).toEqual([[], 'i is 0 of 3\ni is 1 of 3\n']);
  const [bad] = await dap.breakpoints(code, [{ line: 4, condition: 'i >' }]);
  expect(bad).toMatchObject({ verified: false, message: expect.stringContaining('SyntaxError') as string });
}, 60_000);

test('stops at exceptions: at all of them, or at those that nobody catches', async () => {
  const code = `function risky(n: number) {
  throw new RangeError('no ' + n);
}
try {
  risky(1);
} catch {}
await 0;
risky(2);`;
  await dap.request('setExceptionBreakpoints', { filters: ['all'] });
  const cell = await dap.start(code);
  for (const n of [1, 2]) {
    const { reason, at, body } = await dap.stopped();
    expect([reason, at, body.text]).toEqual(['exception', 'risky:2', `RangeError: no ${n}`]);
    expect(await dap.request('exceptionInfo', { threadId: 1 })).toMatchObject({ exceptionId: 'RangeError' });
    await go();
  }
  expect((await cell.done()).reply.content.ename).toBe('RangeError');

  await dap.request('setExceptionBreakpoints', { filters: ['uncaught'] });
  const again = await dap.start(code);
  const { frames } = await dap.stopped();
  expect(await dap.evaluate('n', frames[0].id)).toBe('2');
  await go();
  await again.done();
});

test('breakpoints stay for the next run of the cell, and move down from lines without code', async () => {
  const code = `// a comment

let n = 1;
n++;
// the end`;
  const points = await dap.breakpoints(code, [1, 4, 5]);
  expect(points.map(({ line, verified }) => [line, verified])).toEqual([
    [3, true],
    [4, true],
    [5, false],
  ]);
  for (let run = 0; run < 2; run++) {
    const cell = await dap.start(code);
    expect((await dap.stopped()).frames[0].line).toBe(3);
    await go();
    expect((await dap.stopped()).frames[0].line).toBe(4);
    await go();
    await cell.done();
  }
  const info = await dap.request<{ breakpoints: object[] }>('debugInfo');
  expect(info.breakpoints).toEqual([
    { source: points[0].source.path, breakpoints: [{ line: 3 }, { line: 4 }, { line: 5 }] },
  ]);
  const path = points[0].source.path;
  expect(await dap.request('source', { source: { path } })).toMatchObject({ content: code });
});

test('a function of a cell that ran before the debugger came stops too', async () => {
  await dap.request('disconnect');
  const code = `function early(n: number) {
  const twice = n * 2;
  return twice;
}`;
  await client.execute(code);
  await dap.attach();
  await dap.breakpoints(code, [3]);
  const cell = await dap.start('early(21)');
  const { at, frames } = await dap.stopped();
  expect(at).toBe('early:3');
  expect(await dap.evaluate('twice', frames[0].id)).toBe('42');
  await go();
  expect(resultOf(await cell.done())).toBe('42');
});

test('looks at variables where nothing stands still', async () => {
  await client.execute('const words = ["a", "b"]; class Box { lid = true }; const box = new Box()');
  const { variables } = await dap.request<{ variables: { name: string; value: string; type: string }[] }>(
    'inspectVariables',
  );
  expect(variables).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'words', value: "[ 'a', 'b' ]", type: 'Array' }),
      expect.objectContaining({ name: 'box', value: 'Box { lid: true }', type: 'Box' }),
    ]),
  );
  expect(await dap.request('richInspectVariables', { variableName: 'words' })).toEqual({
    data: { 'text/plain': "[ 'a', 'b' ]" },
    metadata: {},
  });
  expect(await dap.evaluate('await Promise.resolve(words.length)')).toBe('2');
});

test('inspects and copies a variable of a stopped function', async () => {
  const code = 'function inner() {\n  const secret = { deep: [1] };\n  return secret;\n}\ninner();';
  await dap.breakpoints(code, [3]);
  const cell = await dap.start(code);
  const { frames } = await dap.stopped();
  const [{ id: frameId }] = frames;
  expect(await dap.request('richInspectVariables', { variableName: 'secret', frameId })).toEqual({
    data: { 'text/plain': '{ deep: [ 1 ] }' },
    metadata: {},
  });
  await dap.request('copyToGlobals', {
    srcVariableName: 'secret',
    dstVariableName: 'found',
    srcFrameId: frameId,
  });
  await go();
  await cell.done();
  expect(resultOf(await client.execute('found.deep[0]'))).toBe('1');
});

test('nonsense is refused in words', async () => {
  const refusals: [string, object, RegExp][] = [
    ['fly', {}, /does not know/],
    ['stackTrace', { threadId: 1 }, /nothing stands still/],
    ['scopes', { frameId: 99 }, /nothing stands still/],
    ['variables', { variablesReference: 99_999 }, /not known any more/],
    ['variables', {}, /expected a whole number/],
    ['setBreakpoints', { source: {} }, /expected \{path\}/],
    ['setBreakpoints', { source: { path: 'x' }, breakpoints: [{ line: -1 }] }, /expected a line from 1/],
    ['dumpCell', { code: 5 }, /expected a string/],
    ['evaluate', { expression: 'nobody' }, /nobody is not defined/],
    ['evaluate', { expression: 'let let' }, /SyntaxError/],
    ['pause', {}, /no cell is running/],
    ['source', { source: { path: '/no/such/file.ts' } }, /no such file/],
    ['copyToGlobals', { srcVariableName: 'a', dstVariableName: 'b c', srcFrameId: 1 }, /name of a variable/],
  ];
  for (const [command, given, message] of refusals) {
    const response = await dap.ask(command, given);
    expect([command, response.success, response.message]).toEqual([
      command,
      false,
      expect.stringMatching(message),
    ]);
  }
  await dap.request('disconnect');
  expect(await dap.ask('stackTrace')).toMatchObject({
    success: false,
    message: expect.stringContaining('before initialize') as string,
  });
  await dap.request('initialize');
  expect(await dap.ask('threads')).toMatchObject({
    success: false,
    message: expect.stringContaining('before attach') as string,
  });
  const { reply } = await client.request('debug_request', {}, 'control');
  expect(reply.content).toMatchObject({ success: false });
});

test('a timed cell and a file of the user’s own stop too', async () => {
  const timed = '%%time\nlet slow = 1;\nslow += 1;';
  expect(await dap.breakpoints(timed, [3])).toMatchObject([{ verified: true, line: 3 }]);
  const cell = await dap.start(timed);
  expect((await dap.stopped()).frames[0].line).toBe(3);
  await go();
  await cell.done();

  const file = String(
    resultOf(
      await client.execute('const { join } = await import("node:path"); join(process.cwd(), "helper.ts")'),
    ),
  ).slice(1, -1);
  writeFileSync(
    file,
    'type Num = number;\n\nexport function triple(n: Num): Num {\n  const result = n * 3;\n  return result;\n}\n',
  );
  await client.execute(`import { triple } from './helper.ts'`);
  const { breakpoints } = await dap.request<{ breakpoints: object[] }>('setBreakpoints', {
    source: { path: file },
    breakpoints: [{ line: 5 }],
  });
  expect(breakpoints).toMatchObject([{ verified: true, line: 5 }]);
  const call = await dap.start('triple(5)');
  const { frames } = await dap.stopped();
  expect([frames[0].name, frames[0].line, frames[0].source.path]).toEqual(['triple', 5, file]);
  expect(await dap.evaluate('result', frames[0].id)).toBe('15');
  await go();
  await call.done();
});

test('a scope that the client knows shows what an evaluation changed', async () => {
  const code = 'function change() {\n  let held = 1;\n  return held;\n}\nchange();';
  await dap.breakpoints(code, [3]);
  const cell = await dap.start(code);
  const { frames } = await dap.stopped();
  const { scopes } = await dap.request<{ scopes: { name: string; variablesReference: number }[] }>('scopes', {
    frameId: frames[0].id,
  });
  await dap.evaluate('held = 5; const brandNew = 6', frames[0].id);
  const seen = await Promise.all(
    ['Locals', 'Globals'].map(async wanted => {
      const { variablesReference } = scopes.find(({ name }) => name === wanted)!;
      const { variables } = await dap.request<{ variables: Variable[] }>('variables', { variablesReference });
      return variables.find(({ name }) => /^(held|brandNew)$/.test(name))?.value;
    }),
  );
  expect(seen).toEqual(['5', '6']);
  await go();
  await cell.done();
});
