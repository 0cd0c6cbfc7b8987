/** A Jupyter client for the protocol tests: starts the built kernel and speaks to it over real sockets. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Dealer, Request as Req, Subscriber } from 'zeromq';
import { createMessage, fromFrames, toFrames, type Content, type Message } from '../wire/message.ts';
import { createSigner } from '../wire/sign.ts';

const main = process.env.NEURONBOOK_TEST_MAIN ?? fileURLToPath(new URL('../dist/main.js', import.meta.url));
const channels = ['shell', 'control', 'stdin', 'iopub', 'hb'] as const;
const TIMEOUT = 45_000;

/** What a request led to: its reply, and all that was published for it up to idle. */
export interface Answer {
  reply: Message;
  outputs: Message[];
  /** Milliseconds from sending to idle. */
  ms: number;
}

export interface KernelOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  key?: string;
  transport?: 'tcp' | 'ipc';
}

export interface SendOptions {
  channel?: 'shell' | 'control';
  buffers?: Uint8Array[];
  /** Fields beside or in place of the usual ones. */
  header?: Content;
  metadata?: Content;
}

/** What a client has to know. */
interface Connection {
  key: string;
  addresses: Record<(typeof channels)[number], string>;
}

export type Connected = Awaited<ReturnType<typeof connect>>;
export type Client = Awaited<ReturnType<typeof startKernel>>;

/** A kernel of its own with one client. `another()` connects more. */
export async function startKernel(options: KernelOptions = {}) {
  const { cwd, env = {}, key = randomUUID(), transport = 'tcp' } = options;
  if (!existsSync(main))
    throw new Error(`no built kernel at ${main}; build with tsc -p kernel/tsconfig.build.json`);
  const folder = mkdtempSync(join(tmpdir(), 'neuronbook-test-'));
  const ports = transport === 'tcp' ? await freePorts(channels.length) : channels.map((_, i) => i + 1);
  const ip = transport === 'tcp' ? '127.0.0.1' : join(folder, 'socket');
  const file = join(folder, 'connection.json');
  const fields = Object.fromEntries(channels.map((channel, i) => [`${channel}_port`, ports[i]]));
  writeFileSync(file, JSON.stringify({ transport, ip, key, signature_scheme: 'hmac-sha256', ...fields }));

  const kernel: ChildProcess = spawn(process.execPath, [main, file], {
    cwd: cwd ?? folder,
    env: { ...process.env, JUPYTER_DATA_DIR: join(folder, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let noise = '';
  for (const pipe of [kernel.stdout, kernel.stderr]) pipe?.on('data', chunk => (noise += String(chunk)));
  const exited = new Promise<number | null>(resolve => kernel.once('exit', resolve));

  const address = (channel: (typeof channels)[number]) =>
    `${transport}://${ip}${transport === 'tcp' ? ':' : '-'}${ports[channels.indexOf(channel)]}`;
  const addresses = Object.fromEntries(
    channels.map(channel => [channel, address(channel)]),
  ) as Connection['addresses'];
  const another = () => connect({ key, addresses }, () => noise);
  const client = await another();
  return {
    ...client,
    another,
    kernel,
    exited,
    main,
    key,
    address,
    noise: () => noise,
    /** Shuts the kernel down as Jupyter does; resolves with its exit code. */
    async stop(restart = false): Promise<number | null> {
      if (kernel.exitCode === null && kernel.signalCode === null) {
        await client.send('shutdown_request', { restart }, { channel: 'control' });
        const late = setTimeout(() => kernel.kill('SIGKILL'), 5000);
        await exited;
        clearTimeout(late);
      }
      client.close();
      rmSync(folder, { recursive: true, force: true });
      return kernel.exitCode;
    },
  };
}

/** One client of a running kernel, with an identity and sockets of its own. */
async function connect({ key, addresses }: Connection, noise: () => string) {
  const signer = createSigner(key);
  const identity = randomUUID();
  const open = () =>
    new Dealer({ routingId: identity, linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
  const sockets = { shell: open(), control: open(), stdin: open() };
  const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  const hb = new Req({ linger: 0 });
  for (const [channel, socket] of Object.entries({ ...sockets, iopub, hb }))
    socket.connect(addresses[channel as keyof typeof addresses]);
  iopub.subscribe();

  const received: Message[] = [];
  const replies: Message[] = [];
  const listeners = new Set<() => void>();
  let onQuestion: (prompt: string, password: boolean) => string | undefined = () => undefined;
  const notify = () => listeners.forEach(listener => listener());
  async function collect(socket: AsyncIterable<Buffer[]>, into: (message: Message) => void) {
    for await (const frames of socket) {
      into(fromFrames(frames, signer));
      notify();
    }
  }
  for (const channel of ['shell', 'control'] as const)
    void collect(sockets[channel] as AsyncIterable<Buffer[]>, message => replies.push(message));
  void collect(iopub as AsyncIterable<Buffer[]>, message => received.push(message));
  void collect(sockets.stdin as AsyncIterable<Buffer[]>, ({ header, content }) => {
    if (header.msg_type !== 'input_request') return;
    const value = onQuestion(String(content.prompt), content.password === true);
    if (value !== undefined)
      void sockets.stdin.send(toFrames(createMessage('input_reply', { status: 'ok', value }), signer));
  });

  /** Waits until `find` finds something; looks again whenever a message arrives. */
  async function until<T>(find: () => T | undefined | false, what: string, ms = TIMEOUT): Promise<T> {
    const found = find();
    if (found) return found;
    return new Promise<T>((resolve, reject) => {
      const look = () => {
        const value = find();
        if (!value) return;
        stop();
        resolve(value);
      };
      const stop = () => {
        clearTimeout(timer);
        listeners.delete(look);
      };
      const timer = setTimeout(() => {
        stop();
        const seen = received
          .slice(-5)
          .map(({ header, content }) => `${header.msg_type} ${JSON.stringify(content)}`);
        reject(new Error(`waited ${ms} ms for ${what}\n${seen.join('\n').slice(0, 2000)}\n${noise()}`));
      }, ms);
      listeners.add(look);
    });
  }

  const outputsOf = (id: string) =>
    received.filter(message => (message.parent as { msg_id?: string }).msg_id === id);
  const isIdle = (message: Message) => message.content.execution_state === 'idle';

  async function send(
    type: string,
    content: Content,
    { channel = 'shell', buffers = [], header = {}, metadata = {} }: SendOptions = {},
  ): Promise<string> {
    const message = createMessage(type, content, undefined, { buffers, metadata });
    Object.assign(message.header, header);
    await sockets[channel].send(toFrames(message, signer));
    return message.header.msg_id;
  }

  const replyTo = (id: string) =>
    until(
      () => replies.find(({ parent }) => (parent as { msg_id?: string }).msg_id === id),
      `a reply to ${id}`,
    );

  /** Waits for the reply and the idle of an earlier `send`. */
  async function finish(id: string, since = performance.now()): Promise<Answer> {
    const reply = await replyTo(id);
    await until(() => outputsOf(id).find(isIdle), `idle after ${reply.header.msg_type}`);
    const ms = performance.now() - since;
    return { reply, outputs: outputsOf(id).filter(({ header }) => header.msg_type !== 'status'), ms };
  }

  async function request(
    type: string,
    content: Content = {},
    options: 'shell' | 'control' | SendOptions = {},
  ): Promise<Answer> {
    const since = performance.now();
    return finish(
      await send(type, content, typeof options === 'string' ? { channel: options } : options),
      since,
    );
  }

  const client = {
    sockets,
    replies,
    /** All that was published so far, whatever it answers. */
    received,
    send,
    request,
    finish,
    until,
    outputsOf,
    executeRequest: (code: string, options: Content = {}): Content => ({
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...options,
    }),
    execute: (code: string, options: Content = {}) =>
      request('execute_request', client.executeRequest(code, options)),
    interrupt: () => request('interrupt_request', {}, 'control'),
    answerQuestions(answer: typeof onQuestion) {
      onQuestion = answer;
    },
    async heartbeat(): Promise<string> {
      await hb.send('ping');
      return String((await hb.receive())[0]);
    },
    close(): void {
      for (const socket of [...Object.values(sockets), iopub, hb]) socket.close();
    },
  };
  await until(() => received.find(({ header }) => header.msg_type === 'iopub_welcome'), 'iopub_welcome');
  return client;
}

/** The text of all streams of one name. */
export const textOf = ({ outputs }: Answer, name: 'stdout' | 'stderr' = 'stdout'): string =>
  outputs
    .filter(({ header, content }) => header.msg_type === 'stream' && content.name === name)
    .map(({ content }) => String(content.text))
    .join('');

export const typesOf = ({ outputs }: Answer): string[] => outputs.map(({ header }) => header.msg_type);

/** The `text/plain` of the cell's value. */
export function resultOf({ outputs }: Answer): unknown {
  const result = outputs.find(({ header }) => header.msg_type === 'execute_result');
  return (result?.content.data as Record<string, unknown> | undefined)?.['text/plain'];
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>(resolve => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map(server => (server.address() as { port: number }).port);
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}
