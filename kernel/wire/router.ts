/** A ROUTER socket: shell and control in both directions, stdin by way of `stdin.ts`. */
import { Router } from 'zeromq';
import { fromFrames, toFrames, type Message } from './message.ts';
import type { Signer } from './sign.ts';

export interface RouterChannel {
  bind(address: string): Promise<void>;
  /** Sends in the order of the calls; a peer that has gone is no error. */
  send(message: Message): Promise<void>;
  /** Hands every well-signed message to `handler`, until the socket closes. */
  listen(handler: (message: Message) => void): Promise<void>;
  close(): void;
}

export function createRouter(
  signer: Signer,
  warn: (problem: string) => void,
  mandatory = false,
): RouterChannel {
  const socket = new Router({
    linger: 500,
    sendHighWaterMark: 0,
    receiveHighWaterMark: 0,
    mandatory,
    // a client that comes back with its old identity is heard at once, not when its old connection times out
    handover: true,
    ipv6: true,
  });
  let last: Promise<unknown> = Promise.resolve();
  return {
    bind: address => socket.bind(address),
    send(message) {
      // zeromq refuses a send while another one waits, so sends form a chain
      const sent = last.then(() => socket.send(toFrames(message, signer)));
      last = sent.catch(() => undefined);
      return sent;
    },
    async listen(handler) {
      for await (const frames of socket) {
        try {
          handler(fromFrames(frames, signer));
        } catch (error) {
          // a message that cannot be read or trusted is dropped; the kernel stays up
          warn((error as Error).message);
        }
      }
    },
    close: () => socket.close(),
  };
}
