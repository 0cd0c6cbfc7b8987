/**
 * Damaged messages by the thousand, for a kernel that runs: frames cut, moved and changed, signatures forged and
 * repeated, contents of the wrong kind. None may bring it down, and none whose signature is wrong may be answered.
 * Case `i` of a seed is always the same. A few hundred run in the tests; `npm run fuzz -- wire` sends 10⁵.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dealer, Subscriber } from 'zeromq';
import { rng, type Rng } from '../base/rng.ts';
import { createMessage, fromFrames, toFrames, type Message } from './message.ts';
import { createSigner, type Signer } from './sign.ts';

type Bytes = Uint8Array;

export interface Damaged {
  frames: Bytes[];
  /** The id of a message that was signed with the right key and not sent before: it may be answered. */
  honest?: string;
}

export interface WireFuzzOptions {
  /** Where the kernel listens. */
  address(channel: 'shell' | 'control' | 'stdin' | 'iopub' | 'hb'): string;
  key: string;
  count: number;
  seed?: number;
  progress?(sent: number): void;
}

export interface WireFuzzResult {
  sent: number;
  /** Of those, messages with the right signature, if a strange content. */
  signed: number;
  answers: number;
  /** What went wrong, a line each. */
  findings: string[];
}

const types = [
  'execute_request',
  'complete_request',
  'inspect_request',
  'history_request',
  'is_complete_request',
  'connect_request',
  'comm_info_request',
  'kernel_info_request',
  'comm_open',
  'comm_msg',
  'comm_close',
  'input_reply',
  'debug_request',
  'usage_request',
  'create_subshell_request',
  'delete_subshell_request',
  'list_subshell_request',
  'no_such_request',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '',
];

const fields = [
  'code',
  'silent',
  'store_history',
  'user_expressions',
  'allow_stdin',
  'cursor_pos',
  'detail_level',
  'hist_access_type',
  'session',
  'start',
  'stop',
  'n',
  'pattern',
  'unique',
  'output',
  'comm_id',
  'target_name',
  'data',
  'value',
  'subshell_id',
  'command',
  'arguments',
  '__proto__',
];

/** Code is among them, so each of these texts is harmless as a cell. */
const values: unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  0.5,
  '',
  '1',
  '😀𝒳\ud800',
  '\0',
  'tail',
  'range',
  'search',
  '*[?',
  [],
  [[[]]],
  {},
  { a: { b: [] } },
  '[',
  'x'.repeat(10_000),
];

/** One message of the right shape and a strange content. */
function strange(random: Rng): { type: string; content: Record<string, unknown> } {
  const content: Record<string, unknown> = {};
  for (let n = random.integer(6); n > 0; n--)
    Object.defineProperty(content, random.pick(fields), {
      value: random.pick(values),
      enumerable: true,
      configurable: true,
    });
  return { type: random.pick(types), content };
}

/** Well signed, and no object where one has to be; some of it is no JSON. */
function unreadable(random: Rng, signer: Signer): Bytes[] {
  const texts = [
    '',
    'null',
    '7',
    '"text"',
    '[]',
    '{',
    '{"a":',
    '\xff\xfe',
    '['.repeat(5000),
    '{"msg_type":7}',
  ];
  const parts = Array.from({ length: 4 }, () => Buffer.from(random.pick(texts), 'latin1'));
  return [Buffer.from('<IDS|MSG>'), Buffer.from(signer.sign(parts)), ...parts];
}

const noise = (random: Rng, most: number): Bytes =>
  Uint8Array.from({ length: random.integer(most) }, () => random.integer(256));

/** Changes one byte of a frame that is signed, or of the signature. */
function flip(frames: Bytes[], random: Rng): Bytes[] {
  const at = 1 + random.integer(5);
  const changed = Uint8Array.from(frames[at]);
  changed[random.integer(changed.length)] ^= 1 << random.integer(8);
  return frames.map((frame, i) => (i === at ? changed : frame));
}

function rearrange(frames: Bytes[], random: Rng): Bytes[] {
  const copy = [...frames];
  const [i, j] = [random.integer(copy.length), random.integer(copy.length)];
  const way = random.integer(4);
  if (way === 0) copy.splice(i, 1);
  else if (way === 1) copy.splice(i, 0, copy[j]);
  else if (way === 2) [copy[i], copy[j]] = [copy[j], copy[i]];
  else copy.length = i;
  return copy;
}

/** The id of the message in `frames` if its signature is right: a changed order can leave it as it was. */
function signedId(frames: readonly Bytes[], signer: Signer): string | undefined {
  const [, signature, ...rest] = frames.slice(
    frames.findIndex(frame => String(Buffer.from(frame)) === '<IDS|MSG>'),
  );
  const parts = rest.slice(0, 4);
  if (parts.length < 4 || signer.sign(parts) !== Buffer.from(signature).toString()) return undefined;
  try {
    return (JSON.parse(Buffer.from(parts[0]).toString()) as { msg_id?: string }).msg_id;
  } catch {
    return undefined;
  }
}

/** Case `i`; `before` is what was sent earlier and may be sent again. */
export function damagedMessage(seed: number, i: number, signer: Signer, before: readonly Bytes[][]): Damaged {
  const random = rng(`${seed} ${i}`);
  const { type, content } = strange(random);
  const message = createMessage(type, content);
  const frames = toFrames(message, signer);
  const way = random.integer(8);
  if (way === 0) return { frames: Array.from({ length: 1 + random.integer(9) }, () => noise(random, 200)) };
  if (way === 1) return { frames: flip(frames, random) };
  if (way === 2) {
    const rearranged = rearrange(frames, random);
    return { frames: rearranged, honest: signedId(rearranged, signer) };
  }
  if (way === 3) return { frames: unreadable(random, signer) };
  if (way === 4) return { frames: toFrames(message, createSigner('another key')) };
  if (way === 5 && before.length) return { frames: [...random.pick(before)] };
  if (way === 6) frames.push(noise(random, 1000), new Uint8Array(random.integer(100) === 0 ? 1e6 : 0));
  return { frames, honest: message.header.msg_id };
}

/** What speaks no ZeroMQ at all. */
function knock(address: string, random: Rng): void {
  const [host, port] = address.replace('tcp://', '').split(':');
  const socket: Socket = connect(Number(port), host, () => {
    socket.write(noise(random, 300));
    socket.end();
  });
  socket.on('error', () => undefined);
}

const BATCH = 200;
const PATIENCE = 20_000;

export async function fuzzWire({
  address,
  key,
  count,
  seed = 1,
  progress = () => undefined,
}: WireFuzzOptions): Promise<WireFuzzResult> {
  const signer = createSigner(key);
  const findings: string[] = [];
  const honest = new Set<string>();
  const sentBefore: Bytes[][] = [];
  let answers = 0;
  const replied = new Map<string, number>();
  const open = () => new Dealer({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
  const sockets = { shell: open(), control: open(), stdin: open(), hb: open() };
  const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  iopub.subscribe();

  async function watch(socket: AsyncIterable<Buffer[]>, name: string): Promise<void> {
    for await (const frames of socket)
      try {
        heard(name, fromFrames(frames, signer));
      } catch (error) {
        findings.push(`${name} says what cannot be read: ${(error as Error).message}`);
      }
  }

  function heard(name: string, { parent, header }: Message): void {
    const id = (parent as { msg_id?: string }).msg_id;
    if (id !== undefined && !honest.has(id)) findings.push(`${name} answers ${id} with ${header.msg_type}`);
    if (name === 'iopub') return;
    answers++;
    const times = (replied.get(String(id)) ?? 0) + 1;
    replied.set(String(id), times);
    if (times > 1)
      findings.push(`${name} answers ${id} again: a message that was sent twice was taken twice`);
  }

  for (const [name, socket] of Object.entries({ ...sockets, iopub })) {
    socket.connect(address(name as keyof typeof sockets | 'iopub'));
    if (name !== 'hb') void watch(socket as AsyncIterable<Buffer[]>, name).catch(() => undefined);
  }

  /** Resolves once the kernel has answered an honest question, put behind all that was sent so far. */
  async function alive(channel: 'shell' | 'control', sent: number): Promise<boolean> {
    const question = createMessage('kernel_info_request', {});
    honest.add(question.header.msg_id);
    await sockets[channel].send(toFrames(question, signer));
    for (const deadline = Date.now() + PATIENCE; !replied.has(question.header.msg_id);) {
      if (Date.now() > deadline) {
        findings.push(`${channel} is silent after ${sent} messages`);
        return false;
      }
      await sleep(2);
    }
    return true;
  }

  let sent = 0;
  const random = rng(seed);
  while (sent < count) {
    for (const end = Math.min(count, sent + BATCH); sent < end; sent++) {
      const damaged = damagedMessage(seed, sent, signer, sentBefore);
      if (damaged.honest) {
        honest.add(damaged.honest);
        if (sentBefore.length < 1000) sentBefore.push(damaged.frames);
      }
      const channel = random.pick(['shell', 'shell', 'control', 'stdin', 'hb'] as const);
      await sockets[channel].send(damaged.frames.length ? damaged.frames : [new Uint8Array()]);
    }
    if (address('shell').startsWith('tcp:')) knock(address(random.pick(['shell', 'iopub', 'hb'])), random);
    if (!((await alive('shell', sent)) && (await alive('control', sent)))) break;
    progress(sent);
  }
  for (const socket of [...Object.values(sockets), iopub]) socket.close();
  return { sent, signed: honest.size, answers, findings };
}
