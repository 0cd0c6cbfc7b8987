/** Echoes every ping. The supervisor never runs user code, so an answer always comes. */
import { Router } from 'zeromq';

export interface Heartbeat {
  bind(address: string): Promise<void>;
  listen(): Promise<void>;
  close(): void;
}

export function createHeartbeat(): Heartbeat {
  // a ROUTER also answers a client whose earlier REQ died half-way; a REP would wait for it
  const socket = new Router({ linger: 0, ipv6: true });
  return {
    bind: address => socket.bind(address),
    async listen() {
      for await (const frames of socket) await socket.send(frames).catch(() => undefined);
    },
    close: () => socket.close(),
  };
}
