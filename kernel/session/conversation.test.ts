/** Ends of a conversation's messages: held while it goes on, told a few at a time once it rests. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createConversation } from './conversation.ts';
import type { Request } from './protocol.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const asked = (id: number, conversation = true) =>
  ({ header: { msg_id: String(id) }, metadata: { conversation } }) as unknown as Request;

function setting() {
  const over: number[] = [];
  const conversation = createConversation(({ header }) => over.push(Number(header.msg_id)));
  return { over, conversation };
}

test('a drag of half a minute is held whole, and never told at one stroke', async () => {
  const { over, conversation } = setting();
  for (let id = 0; id < 1000; id++) {
    conversation.heard(asked(id));
    conversation.end(asked(id));
    await vi.advanceTimersByTimeAsync(30);
  }
  expect(over).toEqual([]);
  await vi.advanceTimersByTimeAsync(130);
  expect(over.length).toBe(20);
  // whoever goes on asking is not kept waiting by what was
  conversation.heard(asked(1000));
  await vi.advanceTimersByTimeAsync(100);
  expect(over.length).toBe(20);
  conversation.end(asked(1000));
  await vi.advanceTimersByTimeAsync(3000);
  expect(over).toEqual(Array.from({ length: 1001 }, (_, id) => id));
});

test('of a drag without end the oldest are told, a few at a time', () => {
  const { over, conversation } = setting();
  for (let id = 0; id < 2001; id++) conversation.end(asked(id));
  expect(over).toEqual(Array.from({ length: 20 }, (_, id) => id));
});

test('what belongs to no conversation is over at once; the end of the process ends all', async () => {
  const { over, conversation } = setting();
  conversation.end(asked(1));
  conversation.end(asked(2, false));
  expect(over).toEqual([2]);
  conversation.release();
  expect(over).toEqual([2, 1]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(over).toEqual([2, 1]);
});
