/** The five sockets of a Jupyter kernel, bound and listening. Knows bytes and signatures, nothing of cells. */
import { seldom } from '../base/seldom.ts';
import { addressOf, type Connection } from './connection.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createIopub } from './iopub.ts';
import { createMessage, type Message } from './message.ts';
import { createRouter } from './router.ts';
import { createSigner, refuseReplays } from './sign.ts';
import { createStdin } from './stdin.ts';

export interface WireHandlers {
  shell(message: Message): void;
  control(message: Message): void;
  /** Somebody new listens on iopub. */
  subscribed(): void;
  /** A message that was dropped, and why. */
  warn(problem: string): void;
}

/** What a reply needs of its request. */
type Origin = Pick<Message, 'header' | 'identities'>;

export type Wire = Awaited<ReturnType<typeof openWire>>;

/** Binds every socket of `connection`, then starts to listen. */
export async function openWire(connection: Connection, handlers: WireHandlers) {
  const signer = refuseReplays(createSigner(connection.key, connection.scheme));
  const warn = seldom(handlers.warn);
  const shell = createRouter(signer, warn);
  const control = createRouter(signer, warn);
  const stdin = createStdin(signer, warn);
  const iopub = createIopub(signer);
  const hb = createHeartbeat();
  const sockets = { shell, control, stdin, iopub, hb };
  await Promise.all(
    Object.entries(sockets).map(([channel, socket]) =>
      socket.bind(addressOf(connection, channel as keyof typeof sockets)),
    ),
  );
  // a socket that closes ends its loop; that is the only way out
  const listening = Promise.all([
    shell.listen(handlers.shell),
    control.listen(handlers.control),
    stdin.listen(),
    iopub.listen(handlers.subscribed),
    hb.listen(),
  ]);

  return {
    /** Answers `request` on the socket it came from. */
    reply(
      channel: 'shell' | 'control',
      request: Origin,
      type: string,
      content: object,
      metadata: object = {},
    ) {
      return sockets[channel]
        .send(createMessage(type, content, request, { metadata }))
        .catch(() => undefined);
    },
    /** Tells every client; `parent` is the request that this is part of. */
    publish(
      type: string,
      content: object,
      parent?: Pick<Message, 'header'>,
      extra: { metadata?: object; buffers?: readonly Uint8Array[] } = {},
    ) {
      const origin = parent && { header: parent.header, identities: [] };
      const identities = [Buffer.from(`kernel.${type}`)];
      return iopub
        .publish(createMessage(type, content, origin, { ...extra, identities }))
        .catch(() => undefined);
    },
    ask: stdin.ask,
    async close() {
      for (const socket of Object.values(sockets)) socket.close();
      await listening.catch(() => undefined);
    },
  };
}
