/** Type errors of cells: shown under the cell, never in its way. Rules on a service that answers by hand; then the real one. */
import { afterEach, beforeAll, afterAll, describe, expect, test, vi } from 'vitest';
import type { MimeBundle } from '../base/host.ts';
import type { Language, Request, TypeProblem } from './protocol.ts';
import { resultOf, startKernel, textOf, typesOf, type Answer, type Client } from './test-client.ts';
import { createTypeCheck, typesModeOf, type TypesMode } from './type-check.ts';
import { hintsOf, refusalOf, warningOf } from './type-warning.ts';

const problem: TypeProblem = {
  code: 2322,
  message: "Type 'number' is not assignable to type 'string'.",
  severity: 'error',
  line: 2,
  column: 7,
};
const source = 'const a = 1;\nconst b: string = a;';

describe('rules', () => {
  afterEach(() => void vi.useRealTimers());

  /** `answer` is what the service says, whenever it is called. */
  function setting(warm: boolean, mode: TypesMode = 'warn') {
    let answer: (problems: TypeProblem[]) => void = () => undefined;
    const diagnosed: string[] = [];
    const shown: MimeBundle[] = [];
    const language = {
      diagnose(code: string) {
        diagnosed.push(code);
        return new Promise<TypeProblem[]>(resolve => (answer = resolve));
      },
    } as Partial<Language> as Language;
    const types = createTypeCheck({
      language: () => Promise.resolve(language),
      isWarm: () => warm,
      show: bundle => shown.push(bundle),
      mode,
    });
    const begin = (silent = false) =>
      types.begin({ code: source, request: {} as Request, silent, allowStdin: true });
    return { types, begin, shown, diagnosed, answer: (problems: TypeProblem[]) => answer(problems) };
  }
  const never = new Promise<void>(() => undefined);
  const turn = () => new Promise(resolve => setImmediate(resolve));

  test('the end of a cell waits for a service that is warm', async () => {
    const { begin, shown, answer } = setting(true);
    const passed = begin().passed(never);
    await turn();
    expect(shown).toEqual([]);
    answer([problem]);
    await passed;
    expect(shown).toHaveLength(1);
  });
  test('but not for long, and not where another cell waits; the warning comes late', async () => {
    for (const hurry of [never, Promise.resolve()]) {
      const { begin, shown, answer } = setting(true);
      await begin().passed(hurry);
      expect(shown).toEqual([]);
      answer([problem]);
      await turn();
      expect(shown).toHaveLength(1);
    }
  });
  test('a service that has not started is asked soon after the cell, and nobody waits for it', async () => {
    vi.useFakeTimers();
    const { begin, shown, diagnosed, answer } = setting(false);
    const checking = begin();
    await vi.advanceTimersByTimeAsync(0);
    expect(diagnosed).toEqual([]);
    await checking.passed(never);
    expect(diagnosed).toEqual([]);
    await vi.advanceTimersByTimeAsync(300);
    expect(diagnosed).toEqual([source]);
    answer([problem]);
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toHaveLength(1);
  });
  test('a long cell shows its warning while it runs, once', async () => {
    vi.useFakeTimers();
    const { begin, shown, answer } = setting(true);
    const checking = begin();
    await vi.advanceTimersByTimeAsync(1001);
    answer([problem]);
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toHaveLength(1);
    await checking.passed(never);
    expect(await checking.failed({ ename: 'Error', evalue: '', traceback: [] })).toEqual([]);
    expect(shown).toHaveLength(1);
  });
  test('a cell that failed has hints in its traceback and no warning', async () => {
    const { begin, shown, answer } = setting(true);
    const hints = begin().failed({ ename: 'TypeError', evalue: 'no', traceback: [] });
    await turn();
    answer([problem]);
    expect((await hints)[0]).toBe(`types: TS2322 at 2:7: ${problem.message}`);
    await turn();
    expect(shown).toEqual([]);
  });
  test('a cell that was interrupted or does not parse is not delayed', async () => {
    for (const ename of ['Interrupted', 'SyntaxError'])
      expect(await setting(true).begin().failed({ ename, evalue: '', traceback: [] })).toEqual([]);
  });
  test.each([
    ['off', false],
    ['warn', true],
    ['block', false],
  ] as const)('%s, and silent cells', async (mode, silent) => {
    const { begin, diagnosed } = setting(true, mode);
    await begin(silent).passed(never);
    expect(diagnosed).toEqual([]);
  });
  test('blocking: errors keep a cell from running, warnings do not', async () => {
    const { types, answer } = setting(true, 'block');
    const refuse = async (problems: TypeProblem[]) => {
      const refused = types.refuse({ code: source, silent: false });
      await turn();
      answer(problems);
      return (await refused)?.evalue;
    };
    expect(await refuse([problem, problem])).toBe(
      "TS2322 at 2:7: Type 'number' is not assignable to type 'string'. (and 1 more); the cell did not run",
    );
    expect(await refuse([{ ...problem, severity: 'warning' }])).toBeUndefined();
    expect(await types.refuse({ code: '%types warn\n1', silent: false })).toBeUndefined();
    expect(await types.refuse({ code: source, silent: false })).toBeUndefined();
  });
  test('a cell that runs again is checked again only where something was declared since', async () => {
    const { types, diagnosed } = setting(true);
    const run = (code: string) =>
      types.begin({ code, request: {} as Request, silent: false, allowStdin: true });
    for (const code of ['a + 1', 'a + 1', 'const a = 2', 'a + 1', 'const a = 2', "import './x'", 'a + 1'])
      run(code);
    await turn();
    expect(diagnosed).toEqual(['a + 1', 'const a = 2', 'a + 1', 'const a = 2', "import './x'", 'a + 1']);
  });
  test('of cells whose process is gone, nothing is asked: the names that they used are forgotten', async () => {
    vi.useFakeTimers();
    const { types, begin, diagnosed } = setting(false);
    await begin().passed(never);
    begin(); // it kills the process
    types.forget();
    await vi.advanceTimersByTimeAsync(5000);
    expect(diagnosed).toEqual([]);
    await begin().passed(never);
    await vi.advanceTimersByTimeAsync(5000);
    expect(diagnosed).toEqual([source]);
  });
  test('what was found before the process was gone says nothing of the next', async () => {
    const { types, diagnosed } = setting(true);
    const run = () => types.begin({ code: 'a + 1', request: {} as Request, silent: false, allowStdin: true });
    run();
    types.forget();
    run();
    await turn();
    expect(diagnosed).toEqual(['a + 1', 'a + 1']);
  });
  test('modes by name', () => {
    expect(['off', ' Block ', 'warn', 'loud', '', undefined].map(typesModeOf)).toEqual([
      'off',
      'block',
      'warn',
      'warn',
      'warn',
      'warn',
    ]);
  });
});

test('what a warning says', () => {
  const many = Array.from({ length: 7 }, () => ({ ...problem, message: '<b>' }));
  expect(warningOf([problem], source)).toMatchInlineSnapshot(`
    {
      "text/html": "<div style="border-left: 3px solid #e69f00; padding: 2px 8px">
    <div><b>1 type warning</b>; the cell runs all the same</div>
    <div>TS2322 at 2:7: Type &#39;number&#39; is not assignable to type &#39;string&#39;.</div><pre style="margin: 2px 0; padding: 0; font-family: monospace; white-space: pre"> ---&gt; 2 const b: string = a;
                  ^</pre>
    </div>",
      "text/plain": "1 type warning; the cell runs all the same
    TS2322 at 2:7: Type 'number' is not assignable to type 'string'.
     ---> 2 const b: string = a;
                  ^",
    }
  `);
  expect(warningOf(many, source)['text/html']).toContain('&lt;b&gt;');
  expect(String(warningOf(many, source)['text/plain'])).toMatch(/^7 type warnings[^]*… 2 more$/);
  const elsewhere = { ...problem, file: 'tsconfig.json' };
  expect(warningOf([elsewhere], source)['text/plain']).toBe(
    `1 type warning; the cell runs all the same\nTS2322 in tsconfig.json: ${problem.message}`,
  );
});

test('hints do not repeat the error', () => {
  const missing = { ...problem, code: 2304, message: "Cannot find name 'modl'." };
  expect(hintsOf([missing], source, 'modl is not defined')).toEqual([]);
  expect(hintsOf([missing], source, 'something else')).toHaveLength(3);
});

test('an error in place of a run', () => {
  expect(refusalOf([problem], source)).toMatchInlineSnapshot(`
    {
      "ename": "TypeScriptError",
      "evalue": "TS2322 at 2:7: Type 'number' is not assignable to type 'string'.; the cell did not run",
      "traceback": [
        "[1;31mTypeScriptError[0m: type errors; the cell did not run",
        "TS2322 at 2:7: Type 'number' is not assignable to type 'string'.",
        "[1;32m ---> 2[0m const b: string = a;",
        "              [1;31m^[0m",
        "[2m%types warn: cells with type errors run all the same[0m",
      ],
    }
  `);
});

describe('a real kernel', () => {
  let kernel: Client;
  beforeAll(async () => {
    kernel = await startKernel();
    // the first completion starts the service
    await kernel.request('complete_request', { code: 'M', cursor_pos: 1 });
  }, 60_000);
  afterAll(() => kernel?.stop());
  const warnings = ({ outputs }: Answer) =>
    outputs
      .filter(({ header }) => header.msg_type === 'display_data')
      .map(({ content }) => content.data as MimeBundle);
  /** The warning of a cell, also where a busy machine shows it late. */
  const warningAfter = async (answer: Answer) => {
    const id = (answer.reply.parent as { msg_id: string }).msg_id;
    const late = await kernel.until(
      () => kernel.outputsOf(id).find(({ header }) => header.msg_type === 'display_data'),
      'a warning',
    );
    return (late.content.data as MimeBundle)['text/plain'];
  };

  test('a type error is a display under its cell, with code, place and excerpt; the cell runs', async () => {
    const answer = await kernel.execute('const size: string = 5 as never as number;\nsize');
    expect(answer.reply.content.status).toBe('ok');
    expect(textOf(answer, 'stderr')).toBe('');
    expect(await warningAfter(answer)).toBe(
      "1 type warning; the cell runs all the same\nTS2322 at 1:7: Type 'number' is not assignable to type 'string'.\n ---> 1 const size: string = 5 as never as number;\n              ^",
    );
  });
  test('a passing cell writes nothing more', async () => {
    const answer = await kernel.execute('const right: number = 5; right');
    expect(typesOf(answer)).toEqual(['execute_input', 'execute_result']);
    expect(warnings(answer)).toEqual([]);
  });
  test('names that a cell declared before it failed are known', async () => {
    await kernel.execute("const early = { kept: 1 }; throw new Error('stop'); const late = 1");
    const { reply } = await kernel.request('complete_request', { code: 'early.', cursor_pos: 6 });
    expect(reply.content.matches).toEqual(['kept']);
    expect(typesOf(await kernel.execute('early.kept'))).toEqual(['execute_input', 'execute_result']);
  });
  test('names of a cell that still runs are known, to who types and to a subshell', async () => {
    const { reply } = await kernel.request('create_subshell_request', {}, 'control');
    const running = await kernel.send(
      'execute_request',
      kernel.executeRequest(
        'let still = { deep: 1 }; await new Promise(done => setTimeout(done, 1500)); still.deep',
      ),
    );
    const beside = await kernel.request(
      'execute_request',
      kernel.executeRequest('still.deep = 5; still.deep'),
      {
        header: { subshell_id: reply.content.subshell_id },
      },
    );
    expect(typesOf(beside)).toEqual(['execute_input', 'execute_result']);
    await new Promise(resolve => setTimeout(resolve, 500));
    const typed = await kernel.request('complete_request', { code: 'still.', cursor_pos: 6 });
    expect(typed.reply.content.matches).toEqual(['deep']);
    expect(resultOf(await kernel.finish(running))).toBe('5');
    await kernel.request('delete_subshell_request', { subshell_id: reply.content.subshell_id }, 'control');
    expect(
      warnings({
        outputs: kernel.outputsOf(String((beside.reply.parent as { msg_id: string }).msg_id)),
      } as Answer),
    ).toEqual([]);
  });
  test('an error is one output, with what the types say of it', async () => {
    let traceback = '';
    // a machine that is busy with other tests may be too slow for a hint
    for (let tries = 0; tries < 20 && !traceback.includes('types:'); tries++) {
      const answer = await kernel.execute('Math.sqroot(4)');
      expect(typesOf(answer)).toEqual(['execute_input', 'error']);
      traceback = (answer.reply.content.traceback as string[]).join('\n');
    }
    expect(traceback).toContain(
      "types: TS2551 at 1:6: Property 'sqroot' does not exist on type 'Math'. Did you mean 'sqrt'?",
    );
  });
  test('names are forgotten with the process that held them', async () => {
    await kernel.execute('const gone = { field: 1 }; process.exit(0)');
    const { reply } = await kernel.request('complete_request', { code: 'gone', cursor_pos: 4 });
    expect(reply.content.matches).toEqual([]);
  });
  test('no names are missed in cells whose process is gone', async () => {
    const cold = await startKernel();
    await cold.execute('const early = 1');
    await cold.execute('early + 1');
    await cold.execute('early + 2; process.exit(0)');
    // past the second after which a cell that runs shows its warning, and the start of the service
    await new Promise(resolve => setTimeout(resolve, 1500));
    await cold.request('complete_request', { code: 'M', cursor_pos: 1 });
    await new Promise(resolve => setTimeout(resolve, 1500));
    expect(cold.received.filter(({ header }) => header.msg_type === 'display_data')).toEqual([]);
    await cold.stop();
  });
  test('%types changes what becomes of type errors', async () => {
    const block = await kernel.execute('%types block');
    expect(textOf(block)).toBe('a cell with type errors does not run\n');
    const blocked = await kernel.execute('const wrong: string = 1');
    expect(blocked.reply.content.ename).toBe('TypeScriptError');
    await kernel.execute('%types off');
    expect(typesOf(await kernel.execute('const wrong: string = 1'))).toEqual(['execute_input']);
    expect((await kernel.execute('%types loud')).reply.content.evalue).toBe(
      'no such mode: loud; expected off, warn, block',
    );
  });
  test('where types block, the cell does not run', async () => {
    const strict = await startKernel({ env: { NEURONBOOK_TYPES: 'block' } });
    const blocked = await strict.execute("console.log('ran'); const n: number = 'text'");
    expect(typesOf(blocked)).toEqual(['execute_input', 'error']);
    expect(blocked.reply.content).toMatchObject({ status: 'error', ename: 'TypeScriptError' });
    expect(typesOf(await strict.execute('typeof globalThis'))).toEqual(['execute_input', 'execute_result']);
    await strict.stop();
  });
});
