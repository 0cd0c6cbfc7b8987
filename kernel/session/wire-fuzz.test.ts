/** A few hundred damaged messages against a kernel that runs; `npm run fuzz -- wire` sends 10⁵. */
import { expect, test } from 'vitest';
import { createSigner } from '../wire/sign.ts';
import { damagedMessage, fuzzWire } from '../wire/testing-fuzz.ts';
import { resultOf, startKernel, textOf } from './test-client.ts';

test('1500 damaged messages: no answer to a bad signature, and cells run as before', async () => {
  const client = await startKernel();
  await client.execute('let kept = 20');
  const { sent, signed, answers, findings } = await fuzzWire({ ...client, count: 1500 });
  expect(findings).toEqual([]);
  expect(sent).toBe(1500);
  // it did reach the kernel: what was well signed is answered
  expect(Math.min(signed, answers)).toBeGreaterThan(100);
  // an interrupt that was well signed may still be on its way
  await client.execute('0');
  const answer = await client.execute('console.log("here"); kept * 2');
  expect([textOf(answer), resultOf(answer)]).toEqual(['here\n', '40']);
  expect(await client.heartbeat()).toBe('ping');
  expect(client.noise()).toContain('dropped a message: ');
  // one line a second at most
  expect(client.noise().split('\n').length).toBeLessThan(200);
  expect(await client.stop()).toBe(0);
}, 120_000);

test('a case is always the same but for its id, and each way of damage occurs', () => {
  const signer = createSigner('key');
  const lengths = (i: number) => damagedMessage(1, i, signer, []).frames.map(frame => frame.length);
  expect(lengths(7)).toEqual(lengths(7));
  const cases = Array.from({ length: 60 }, (_, i) => damagedMessage(1, i, signer, []));
  expect(
    new Set(cases.map(({ honest, frames }) => `${honest !== undefined} ${frames.length}`)).size,
  ).toBeGreaterThan(5);
});

test('a kernel that takes forged messages is found out', async () => {
  // a kernel with an empty key checks nothing
  const client = await startKernel({ key: '' });
  const { findings } = await fuzzWire({ ...client, count: 100 });
  expect(findings.filter(line => line.includes('answers')).length).toBeGreaterThan(0);
  await client.stop();
}, 60_000);
