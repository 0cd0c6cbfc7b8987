/**
 * Frames ↔ messages: `[identities…, <IDS|MSG>, signature, header, parent, metadata, content, buffers…]`.
 * Inbound, the signature is checked before any JSON is read.
 */
import { randomUUID } from 'node:crypto';
import type { KernelMessage } from '@jupyterlab/services';
import { toJson } from '../base/json.ts';
import type { Signer } from './sign.ts';

export const PROTOCOL_VERSION = '5.4';
const DELIMITER = Buffer.from('<IDS|MSG>');

export type Header = Omit<KernelMessage.IHeader, 'msg_type'> & { msg_type: string };
export type Content = Record<string, unknown>;

export interface Message {
  /** Routing prefix; on iopub the topic. */
  identities: Uint8Array[];
  header: Header;
  parent: Header | Record<string, never>;
  metadata: Content;
  content: Content;
  buffers: Uint8Array[];
}

/** The session id that this kernel puts in all it sends; clients have theirs. */
const session = randomUUID();

/** A new message of ours, answering `parent` where there is one. */
export function createMessage(
  type: string,
  content: object,
  parent?: Pick<Message, 'header' | 'identities'>,
  extra: { metadata?: object; buffers?: readonly Uint8Array[]; identities?: Uint8Array[] } = {},
): Message {
  return {
    identities: extra.identities ?? parent?.identities ?? [],
    header: {
      msg_id: randomUUID(),
      msg_type: type,
      username: 'kernel',
      session,
      date: new Date().toISOString(),
      version: PROTOCOL_VERSION,
    },
    parent: parent?.header ?? {},
    metadata: (extra.metadata ?? {}) as Content,
    content: content as Content,
    buffers: [...(extra.buffers ?? [])],
  };
}

export function toFrames(message: Message, signer: Signer): Uint8Array[] {
  const { header, parent, metadata, content } = message;
  const signed = [header, parent, metadata, content].map(part => Buffer.from(toJson(part)));
  return [...message.identities, DELIMITER, Buffer.from(signer.sign(signed)), ...signed, ...message.buffers];
}

/** @throws Error saying what is wrong with the frames; the socket drops such a message */
export function fromFrames(frames: readonly Buffer[], signer: Signer): Message {
  const start = frames.findIndex(frame => frame.equals(DELIMITER));
  if (start < 0 || frames.length < start + 6)
    throw new Error(`malformed message: ${frames.length} frames; expected <IDS|MSG> and five more`);
  const signed = frames.slice(start + 2, start + 6);
  signer.check(frames[start + 1].toString(), signed);
  const [header, parent, metadata, content] = signed.map((frame, i) => readPart(frame, PARTS[i]));
  if (typeof header.msg_type !== 'string') throw new Error('message without a type in its header');
  return {
    identities: frames.slice(0, start),
    header: header as unknown as Header,
    parent: parent as unknown as Header,
    metadata,
    content,
    buffers: frames.slice(start + 6),
  };
}

const PARTS = ['header', 'parent header', 'metadata', 'content'] as const;

function readPart(frame: Buffer, name: string): Content {
  // some clients write nothing, or null, where they mean nothing
  const part = frame.length ? ((JSON.parse(frame.toString()) ?? {}) as unknown) : {};
  if (typeof part !== 'object' || Array.isArray(part))
    throw new Error(`message whose ${name} is no object: ${frame.toString('utf8', 0, 40)}`);
  return part as Content;
}
