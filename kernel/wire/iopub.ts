/**
 * The broadcast socket. An XPUB rather than a PUB, so that a new subscriber can be welcomed: `iopub_welcome`
 * tells it that from now on nothing is missed (JEP 65).
 */
import { XPublisher } from 'zeromq';
import { createMessage, toFrames, type Message } from './message.ts';
import type { Signer } from './sign.ts';

export interface Iopub {
  bind(address: string): Promise<void>;
  publish(message: Message): Promise<void>;
  /** Welcomes subscribers until the socket closes; `greet` is called after each welcome. */
  listen(greet: () => void): Promise<void>;
  close(): void;
}

/** First byte of what a subscriber sends, before the topic. */
const SUBSCRIBE = 1;

export function createIopub(signer: Signer): Iopub {
  // no high-water mark: a PUB socket would drop messages at it; the supervisor bounds what it publishes
  const socket = new XPublisher({ linger: 500, sendHighWaterMark: 0, ipv6: true });
  // libzmq's manual mode would order welcomes strictly, but a peer that leaves between a request and its grant
  // makes libzmq forget whose request it was, and the subscription is lost
  socket.verbosity = 'allSubs';
  let last: Promise<unknown> = Promise.resolve();
  let welcomed = false;
  const send = (message: Message) => {
    const sent = last.then(() => socket.send(toFrames(message, signer)));
    last = sent.catch(() => undefined);
    return sent;
  };
  return {
    bind: address => socket.bind(address),
    async publish(message) {
      // nobody hears it, or somebody whose request has not been read yet and who hears the welcome first
      if (welcomed) await send(message);
    },
    async listen(greet) {
      for await (const [request] of socket) {
        if (request[0] !== SUBSCRIBE) continue;
        welcomed = true;
        const topic = request.subarray(1);
        const content = { subscription: topic.toString() };
        // the topic goes first, or the subscriber's own filter would drop its welcome
        const welcome = createMessage('iopub_welcome', content, undefined, { identities: [topic] });
        void send(welcome).catch(() => undefined);
        greet();
      }
    },
    close: () => socket.close(),
  };
}
