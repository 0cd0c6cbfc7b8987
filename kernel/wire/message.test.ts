/** Frames and signatures, without sockets. */
import { expect, test } from 'vitest';
import { createMessage, fromFrames, toFrames } from './message.ts';
import { createSigner } from './sign.ts';

const signer = createSigner('key');
const buffersOf = (frames: Uint8Array[]) => frames.map(frame => Buffer.from(frame));

test('a message survives the wire, with identities, parent and unsigned buffers', () => {
  const request = { ...createMessage('comm_msg', { data: 'π' }), identities: [Buffer.from('peer')] };
  const message = createMessage('comm_msg', { x: [1] }, request, { buffers: [Uint8Array.of(1, 2, 255)] });
  const back = fromFrames(buffersOf(toFrames(message, signer)), signer);
  expect(back).toEqual({
    ...message,
    identities: [Buffer.from('peer')],
    buffers: [Buffer.from([1, 2, 255])],
  });
  expect(back.parent).toEqual(request.header);
});

test('a changed byte, another key and missing frames are refused', () => {
  const frames = buffersOf(toFrames(createMessage('execute_request', { code: '1' }), signer));
  const changed = frames.map((frame, i) => (i === 5 ? Buffer.from('{"code":"2"}') : frame));
  expect(() => fromFrames(changed, signer)).toThrow('message with a wrong signature');
  expect(() => fromFrames(frames, createSigner('other'))).toThrow('message with a wrong signature');
  expect(() => fromFrames(frames.slice(0, 4), signer)).toThrow(
    'malformed message: 4 frames; expected <IDS|MSG> and five more',
  );
});

test('an empty key switches signing off, an unknown scheme is refused', () => {
  const open = createSigner('');
  expect(fromFrames(buffersOf(toFrames(createMessage('status', {}), open)), open).content).toEqual({});
  expect(() => createSigner('key', 'rot13')).toThrow(
    'unknown signature scheme: rot13; expected hmac-sha256 or another hmac',
  );
});
