/** Controls and what they drive, with a front end played by the test. */
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import type { Comm, CommMessage, Host, MimeBundle } from '../base/host.ts';
import { displaySymbol, type Displayable } from './bundle.ts';
import { answerTo } from './live.ts';
import { tensor } from '../base/tensor.ts';
import { line } from './plot.ts';
import { controlOf, controlProblem, placesOf, type Control, type ControlForm } from './controls.ts';
import { envelopeProblem, NEURONBOOK_MIME } from './payload.ts';
import { matrix } from './views/matrix.ts';
import { interactive, problem, type InteractivePayload, type InteractiveReply } from './views/interactive.ts';

const hostKey = Symbol.for('neuronbook.host');
const global = globalThis as Record<symbol, unknown>;
afterEach(() => void delete global[hostKey]);

/** A front end: opens comms on the library's target and hears its replies. */
function frontEnd() {
  const served = new Map<string, (comm: Comm, message: CommMessage) => void>();
  const host: Host = {
    display() {},
    clear() {},
    interrupted: false,
    enterNative() {},
    leaveNative() {},
    comms: {
      register: (target, opened) => void served.set(target, opened),
      open: () => {
        throw new Error('the library opens no comms of its own');
      },
    },
  };
  global[hostKey] = host;
  const message = (data: unknown): CommMessage => ({ data, metadata: {}, buffers: [] });
  return {
    open(id: string) {
      const heard: unknown[] = [];
      const closed: unknown[] = [];
      const comm: Comm = {
        id: 'c',
        target: 'neuronbook',
        send: data => heard.push(data),
        close: data => closed.push(data),
      };
      served.get('neuronbook')?.(comm, message({ id }));
      return { heard, closed, comm, send: (data: unknown) => comm.onMessage?.(message(data)) };
    },
  };
}

const show = async (view: Displayable) => {
  const bundle = (await view[displaySymbol]()) as MimeBundle;
  return { bundle, payload: bundle[NEURONBOOK_MIME] as InteractivePayload };
};
const settled = () => new Promise(resolve => setTimeout(resolve, 5));

test('shows what the first values give, and again for each message', async () => {
  const page = frontEnd();
  const { bundle, payload } = await show(
    interactive(({ x, word, on }) => `${word} ${x * 2} ${on}`, { x: [0, 10], word: ['a', 'b'], on: true }),
  );
  expect(bundle['text/plain']).toBe("'a 0 true'");
  expect([envelopeProblem(payload), problem(JSON.parse(JSON.stringify(payload.data)))]).toEqual([
    undefined,
    undefined,
  ]);
  const { heard, send } = page.open(payload.data.id);
  send({ seq: 1, values: { x: 4, word: 'b', on: false } });
  send({ seq: 2, values: { x: 5, word: 'b', on: false } });
  await settled();
  expect(heard).toEqual([
    { seq: 1, bundle: { 'text/plain': "'b 8 false'" } },
    { seq: 2, bundle: { 'text/plain': "'b 10 false'" } },
  ]);
});

test('a reply carries what is drawn; the picture for others is saved with the first', async () => {
  const page = frontEnd();
  const { bundle, payload } = await show(interactive(({ x }) => line([x, 1, 2]), { x: [0, 10] }));
  expect(Object.keys(bundle)).toContain('image/svg+xml');
  const { heard, send } = page.open(payload.data.id);
  send({ seq: 1, values: { x: 4 } });
  await settled();
  const [{ bundle: drawn }] = heard as { bundle: MimeBundle }[];
  expect(Object.keys(drawn).sort()).toEqual(['application/vnd.plotly.v1+json', 'text/plain']);
});

test('what only passes by is not made into pictures for others', async () => {
  const asked: unknown[] = [];
  const shown = { [displaySymbol]: (options: unknown) => (asked.push(options), { 'text/plain': 'shown' }) };
  const page = frontEnd();
  const { payload } = await show(interactive(() => shown, { x: [0, 10] }));
  page.open(payload.data.id).send({ seq: 1, values: { x: 4 } });
  await settled();
  expect(asked).toEqual([{}, { passing: true }]);
  const view = matrix(tensor([1, 2, 3, 4], [2, 2]));
  const all = Object.keys(view[displaySymbol]());
  const passing = Object.keys(view[displaySymbol]({ passing: true }));
  expect(passing).toEqual([NEURONBOOK_MIME, 'text/plain']);
  expect(all).toEqual(expect.arrayContaining([...passing, 'text/html', 'image/png']));
});

test('an error of the function and a value from outside are told, and the next message is answered', async () => {
  const page = frontEnd();
  const fn = ({ x }: { x: number }) => {
    if (x === 3) throw new TypeError('three');
    return x;
  };
  const { payload } = await show(interactive(fn, { x: [0, 10] }));
  const { heard, send } = page.open(payload.data.id);
  for (const x of [3, 11, 'y', 4]) send({ seq: 0, values: { x } });
  send({ seq: 0, values: null });
  await settled();
  const words = (heard as InteractiveReply[]).map(reply =>
    'error' in reply ? reply.error : reply.bundle['text/plain'],
  );
  expect(words[0]).toBe('TypeError: three');
  expect(words[1]).toMatch(/x cannot be 11/);
  expect(words[2]).toMatch(/x cannot be "y"/);
  expect(words[3]).toBe('4');
  expect(words[4]).toMatch(/x cannot be undefined/);
});

test('a display of another session is closed at once, and a closed one hears nothing', async () => {
  const page = frontEnd();
  const { payload } = await show(interactive(({ x }) => x, { x: [0, 10] }));
  expect(page.open('neuronbook-interactive-of-yesterday').closed).toEqual([{ reason: 'gone' }]);
  const { heard, send, comm } = page.open(payload.data.id);
  send({ seq: 1, values: { x: 1 } });
  comm.onClose?.({ data: {}, metadata: {}, buffers: [] });
  await settled();
  expect(heard).toEqual([]);
});

test('a message is handled when it has been answered; an answer that fails leaves the next ones theirs', async () => {
  const page = frontEnd();
  answerTo('moody', async ({ mood }) => {
    await 0;
    if (mood === 'bad') throw new RangeError('not today');
    return { mood };
  });
  const { heard, send } = page.open('moody');
  await expect(send({ mood: 'bad' })).rejects.toThrow('not today');
  await send({ mood: 'good' });
  expect(heard).toEqual([{ mood: 'good' }]);
});

describe('controls', () => {
  test.each([
    [{ min: -3.14, max: 3.14, step: 0.05, value: 0 }, -3.15, 3.15],
    [{ min: 0, max: 20, step: 1, value: 3 }, 0, 20],
    [{ min: 0.1, max: 0.9, step: 0.1, value: 0.7 }, 0.1, 0.9],
    [{ min: 0, max: 1, step: 0.3, value: 0.5 }, -0.1, 1.1],
    [{ min: 0, max: 1, step: 9, value: 1 }, -8, 1],
  ])('%j: a slider of a page stands at its value', (control, min, max) => {
    expect(placesOf({ kind: 'slider', ...control })).toEqual({ min, max, step: control.step });
  });

  const cases: [ControlForm, Partial<Control>][] = [
    [[0, 10], { kind: 'slider', step: 1, value: 0 }],
    [[-1, 1], { kind: 'slider', step: 0.01, value: 0 }],
    [
      { min: 2, max: 5, value: 3, step: 0.5 },
      { min: 2, max: 5, step: 0.5, value: 3 },
    ],
    [['a', 'b'], { kind: 'choice', value: 'a' }],
    [
      { options: ['a', 'b'], value: 'b' },
      { kind: 'choice', value: 'b' },
    ],
    [false, { kind: 'switch', value: false }],
    ['', { kind: 'text', value: '' }],
  ];
  test.each(cases)('%j', (form, expected) => {
    const control = controlOf('x', form);
    expect(control).toMatchObject(expected);
    expect(controlProblem(JSON.parse(JSON.stringify(control)))).toBeUndefined();
  });

  const wrong: [unknown, RegExp][] = [
    [[3, 1], /from 3 to 1; expected min < max/],
    [{ min: 0, max: 1, value: 2 }, /begins at 2, outside 0 … 1/],
    [{ min: 0, max: 1, step: -1 }, /the step -1/],
    [[], /from undefined/],
    [{ options: ['a'], value: 'c' }, /begins at "c"; expected one of a/],
    [7, /no control for x: 7/],
    [null, /no control for x: null/],
  ];
  test.each(wrong)('%j is refused', (form, message) =>
    expect(() => controlOf('x', form as ControlForm)).toThrow(message),
  );

  test.each([
    null,
    {},
    { kind: 'slider', min: 0, max: 1, step: 1, value: 5 },
    { kind: 'choice', options: [1], value: 1 },
  ])('a saved %j is refused', value => expect(controlProblem(value)).toBeTypeOf('string'));
});

test('the function’s values have the types of their controls', () => {
  interactive(
    ({ x, word, of, on, text }) => {
      expectTypeOf(x).toBeNumber();
      expectTypeOf(word).toEqualTypeOf<'a' | 'b'>();
      expectTypeOf(of).toEqualTypeOf<'c' | 'd'>();
      expectTypeOf(on).toBeBoolean();
      expectTypeOf(text).toBeString();
    },
    { x: { min: 0, max: 1 }, word: ['a', 'b'], of: { options: ['c', 'd'] }, on: true, text: 'words' },
  );
});
