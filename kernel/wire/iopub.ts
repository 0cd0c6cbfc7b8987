/**
 * The broadcast socket. An XPUB rather than a PUB, so that a new subscriber can be welcomed: its first
 * message, `iopub_welcome`, tells it that from now on nothing is missed (JEP 65).
 */
import { XPublisher } from 'zeromq';
import { createMessage, toFrames, type Message } from './message.ts';
import type { Signer } from './sign.ts';

export interface Iopub {
  bind(address: string): Promise<void>;
  publish(message: Message): Promise<void>;
  /** Welcomes subscribers until the socket closes. */
  listen(): Promise<void>;
  close(): void;
}

const SUBSCRIBE = 1;

export function createIopub(signer: Signer): Iopub {
  // no high-water mark: a PUB socket would drop messages at it; the supervisor bounds what it publishes
  const socket = new XPublisher({ linger: 500, sendHighWaterMark: 0, ipv6: true });
  socket.verbosity = 'allSubs';
  let last: Promise<unknown> = Promise.resolve();
  const publish = (message: Message) => {
    const sent = last.then(() => socket.send(toFrames(message, signer)));
    last = sent.catch(() => undefined);
    return sent;
  };
  return {
    bind: address => socket.bind(address),
    publish,
    async listen() {
      for await (const [frame] of socket) {
        if (frame[0] !== SUBSCRIBE) continue;
        const topic = frame.subarray(1);
        // the topic goes first, or the subscriber's own filter would drop its welcome
        void publish(
          createMessage('iopub_welcome', { subscription: topic.toString() }, undefined, {
            identities: [topic],
          }),
        );
      }
    },
    close: () => socket.close(),
  };
}
