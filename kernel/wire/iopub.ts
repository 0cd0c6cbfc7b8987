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

/** First byte of what a subscriber sends, before the topic; and libzmq's option that grants it. */
const SUBSCRIBE = { byte: 1, option: 6 };
const UNSUBSCRIBE = { byte: 0, option: 7 };

/**
 * In manual mode a subscription counts only once it is granted, to the peer whose request was received last.
 * On its own, libzmq would let other messages through before this process has read the request.
 */
class GrantingPublisher extends XPublisher {
  grant({ option }: typeof SUBSCRIBE, topic: Buffer): void {
    this.setStringOption(option, topic.length ? topic : null);
  }
}

export function createIopub(signer: Signer): Iopub {
  // no high-water mark: a PUB socket would drop messages at it; the supervisor bounds what it publishes
  const socket = new GrantingPublisher({ linger: 500, sendHighWaterMark: 0, ipv6: true });
  socket.verbosity = 'allSubs';
  socket.manual = true;
  let last: Promise<unknown> = Promise.resolve();
  const enqueue = (work: () => Promise<void>) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    bind: address => socket.bind(address),
    publish: message => enqueue(() => socket.send(toFrames(message, signer))),
    async listen() {
      for await (const [request] of socket) {
        const topic = request.subarray(1);
        if (request[0] === UNSUBSCRIBE.byte) socket.grant(UNSUBSCRIBE, topic);
        if (request[0] !== SUBSCRIBE.byte) continue;
        // the topic goes first, or the subscriber's own filter would drop its welcome
        const content = { subscription: topic.toString() };
        const welcome = createMessage('iopub_welcome', content, undefined, { identities: [topic] });
        // waited for: the next request may be another peer's
        await enqueue(() => {
          socket.grant(SUBSCRIBE, topic);
          return socket.send(toFrames(welcome, signer));
          // closed meanwhile: the loop ends by itself
        }).catch(() => undefined);
      }
    },
    close: () => socket.close(),
  };
}
