/** Subscribers come and go while messages flow: each is welcomed, and misses nothing from then on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Subscriber } from 'zeromq';
import { freePorts } from '../session/test-client.ts';
import { createIopub, type Iopub } from './iopub.ts';
import { createMessage, fromFrames, type Message } from './message.ts';
import { createSigner } from './sign.ts';

const signer = createSigner('key');
let iopub: Iopub;
let flow: NodeJS.Timeout;
let greeted = 0;
afterEach(() => {
  clearInterval(flow);
  iopub.close();
});

const numbered = (n: number) =>
  createMessage('stream', { n }, undefined, { identities: [Buffer.from('kernel.stream')] });

async function open(): Promise<string> {
  const [port] = await freePorts(1);
  const address = `tcp://127.0.0.1:${port}`;
  iopub = createIopub(signer);
  await iopub.bind(address);
  greeted = 0;
  void iopub.listen(() => greeted++);
  return address;
}

function subscribe(address: string, topic = ''): Subscriber {
  const subscriber = new Subscriber({ linger: 0, receiveTimeout: 5000 });
  subscriber.connect(address);
  subscriber.subscribe(topic);
  return subscriber;
}

const next = async (subscriber: Subscriber): Promise<Message> =>
  fromFrames(await subscriber.receive(), signer);

/** Welcomes of others may come between. */
async function nextNumber(subscriber: Subscriber): Promise<number> {
  for (;;) {
    const { header, content } = await next(subscriber);
    if (header.msg_type === 'stream') return Number(content.n);
  }
}

test('twenty subscribers in turn, in the middle of a flow', async () => {
  const address = await open();
  let sent = 0;
  flow = setInterval(() => {
    for (let i = 0; i < 20; i++) void iopub.publish(numbered(sent++)).catch(() => undefined);
  }, 1);
  const faithful = subscribe(address);
  // the first subscriber hears nothing before its welcome
  expect((await next(faithful)).header.msg_type).toBe('iopub_welcome');
  for (let i = 0; i < 20; i++) {
    const topic = i % 2 ? 'kernel' : '';
    const subscriber = subscribe(address, topic);
    let message = await next(subscriber);
    while (message.header.msg_type !== 'iopub_welcome') message = await next(subscriber);
    expect(message.content).toEqual({ subscription: topic });
    const [first, second] = [await nextNumber(subscriber), await nextNumber(subscriber)];
    expect(second).toBe(first + 1);
    subscriber.close();
  }
  expect(greeted).toBe(21);
  clearInterval(flow);
  await sleep(50);
  await iopub.publish(numbered(-1));
  const heard = [await nextNumber(faithful)];
  while (heard.at(-1) !== -1) heard.push(await nextNumber(faithful));
  expect(heard.slice(0, -1)).toEqual(Array.from({ length: sent - heard[0] }, (_, i) => heard[0] + i));
  faithful.close();
}, 30_000);

test('a topic that is given up is no longer heard', async () => {
  const address = await open();
  const subscriber = subscribe(address, 'kernel');
  expect((await next(subscriber)).content).toEqual({ subscription: 'kernel' });
  subscriber.subscribe('other');
  expect((await next(subscriber)).content).toEqual({ subscription: 'other' });
  subscriber.unsubscribe('kernel');
  await sleep(200);
  await iopub.publish(numbered(1));
  await iopub.publish(createMessage('status', {}, undefined, { identities: [Buffer.from('other')] }));
  expect((await next(subscriber)).header.msg_type).toBe('status');
  subscriber.close();
}, 30_000);
