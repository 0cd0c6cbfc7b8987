/** The connection file that Jupyter hands a kernel: where to listen and with what key to sign. */
import { readFileSync } from 'node:fs';

export type Channel = 'shell' | 'control' | 'stdin' | 'iopub' | 'hb';

export interface Connection {
  transport: 'tcp' | 'ipc';
  ip: string;
  key: string;
  scheme: string;
  ports: Record<Channel, number>;
}

const channels: readonly Channel[] = ['shell', 'control', 'stdin', 'iopub', 'hb'];
const loopback = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

/** @throws Error naming the field that is missing, or an address that is not this machine's own */
export function readConnection(path: string): Connection {
  const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const transport = file.transport ?? 'tcp';
  if (transport !== 'tcp' && transport !== 'ipc')
    throw new Error(`unknown transport in ${path}: ${String(transport)}; expected tcp or ipc`);
  const ip = String(file.ip ?? '127.0.0.1');
  // whoever reaches the shell socket runs code, and messages travel unencrypted
  if (transport === 'tcp' && !loopback.test(ip))
    throw new Error(
      `refused to listen on ${ip}; expected a loopback address such as 127.0.0.1, or the ipc transport`,
    );
  const ports = Object.fromEntries(
    channels.map(channel => {
      const port = file[`${channel}_port`];
      if (!Number.isInteger(port)) throw new Error(`no ${channel}_port in ${path}; expected a port number`);
      return [channel, port];
    }),
  ) as Record<Channel, number>;
  return {
    transport,
    ip,
    key: String(file.key ?? ''),
    scheme: String(file.signature_scheme ?? 'hmac-sha256'),
    ports,
  };
}

/** The address of one socket, as libzmq spells it. */
export function addressOf({ transport, ip, ports }: Connection, channel: Channel): string {
  if (transport === 'ipc') return `ipc://${ip}-${ports[channel]}`;
  return `tcp://${ip.includes(':') ? `[${ip}]` : ip}:${ports[channel]}`;
}
