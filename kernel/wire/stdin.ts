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
  const over = new Set<string>();
  let pending: { id: string; asked: Message['identities']; answer(value: string): void } | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function send(question: Message, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      try {
        return await router.send(question);
      } catch (error) {
        // a peer can be known on shell before its handshake on stdin is over (Deno #35585)
        if ((error as NodeJS.ErrnoException).code !== 'EHOSTUNREACH') throw error;
        if (Date.now() > deadline)
          throw new Error('nobody can be asked: the client that runs this cell listens to no questions', {
            cause: error,
          });
        await sleep(25, undefined, { signal });
      }
    }
  }

  function put(question: Message, signal: AbortSignal): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      const settle = (finish: () => void) => {
        // a late reply to this question must not answer the next one
        pending = undefined;
        over.add(question.header.msg_id);
        signal.removeEventListener('abort', stop);
        finish();
      };
      const stop = () => settle(() => reject(signal.reason as Error));
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      // before the question is sent: a program may answer sooner than the send is known to be done
      pending = {
        id: question.header.msg_id,
        asked: question.identities,
        answer: value => settle(() => resolve(value)),
      };
      send(question, signal).catch((error: Error) => {
        if (pending?.id === question.header.msg_id) settle(() => reject(error));
      });
    });
  }

  return {
    bind: address => router.bind(address),
    listen: () =>
      router.listen(({ header, parent, content, identities }) => {
        if (header.msg_type !== 'input_reply' || over.has(String(parent.msg_id))) return;
        // another client may not know that it was not asked
        if (pending && isSame(pending.asked, identities)) pending.answer(String(content.value ?? ''));
      }),
    ask(parent, prompt, password, signal) {
      const question = createMessage('input_request', { prompt, password }, parent);
      // front ends show one question at a time
      const asked = turn.then(() => put(question, signal));
      turn = asked.catch(() => undefined);
      return asked;
    },
    close: () => router.close(),
  };
}

const isSame = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((part, i) => Buffer.compare(part, b[i]) === 0);
