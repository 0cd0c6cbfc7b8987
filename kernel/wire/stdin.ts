/** Questions to the client that sent the running cell, over the stdin socket. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createMessage, type Message } from './message.ts';
import { createRouter } from './router.ts';
import type { Signer } from './sign.ts';

export interface Stdin {
  bind(address: string): Promise<void>;
  listen(): Promise<void>;
  /** Resolves with what the user typed; rejects when `signal` is aborted or the client has no stdin socket. */
  ask(
    parent: Pick<Message, 'header' | 'identities'>,
    prompt: string,
    password: boolean,
    signal: AbortSignal,
  ): Promise<string>;
  close(): void;
}

/** How long a client may take to connect its stdin socket after its shell socket already spoke, in ms. */
const PATIENCE = 5000;

export function createStdin(signer: Signer, warn: (problem: string) => void): Stdin {
  // `mandatory` turns a peer that is not there yet into an error instead of a lost question
  const router = createRouter(signer, warn, true);
  let answer: ((value: string) => void) | undefined;

  async function send(question: Message, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      try {
        return await router.send(question);
      } catch (error) {
        // a peer can be known on shell before its handshake on stdin is over (Deno #35585)
        if ((error as NodeJS.ErrnoException).code !== 'EHOSTUNREACH' || Date.now() > deadline) throw error;
        await sleep(25, undefined, { signal });
      }
    }
  }

  return {
    bind: address => router.bind(address),
    listen: () =>
      router.listen(message => {
        if (message.header.msg_type !== 'input_reply') return;
        answer?.(String(message.content.value ?? ''));
      }),
    ask(parent, prompt, password, signal) {
      return new Promise<string>((resolve, reject) => {
        const settle = (finish: () => void) => {
          // a late reply to this question must not answer the next one
          answer = undefined;
          signal.removeEventListener('abort', stop);
          finish();
        };
        const stop = () => settle(() => reject(signal.reason as Error));
        signal.addEventListener('abort', stop, { once: true });
        // before the question is sent: a program may answer sooner than the send is known to be done
        answer = value => settle(() => resolve(value));
        send(createMessage('input_request', { prompt, password }, parent), signal).catch((error: Error) =>
          settle(() => reject(error)),
        );
      });
    },
    close: () => router.close(),
  };
}
