/** Frames and signatures, without sockets. */
import { expect, test } from 'vitest';
import { createMessage, fromFrames, toFrames } from './message.ts';
import { createSigner, refuseReplays } from './sign.ts';

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

test('a message that is sent twice is taken once; what is forgotten would be taken again', () => {
  const guarded = refuseReplays(signer, 2);
  const frames = [1, 2, 3].map(n => buffersOf(toFrames(createMessage('execute_request', { n }), signer)));
  for (const message of frames) fromFrames(message, guarded);
  expect(() => fromFrames(frames[2], guarded)).toThrow(
    'message that was sent before, with the same signature',
  );
  expect(fromFrames(frames[0], guarded).content).toEqual({ n: 1 });
  // without a key there is nothing to tell messages by
  const open = refuseReplays(createSigner(''));
  const unsigned = buffersOf(toFrames(createMessage('status', {}), open));
  expect([fromFrames(unsigned, open), fromFrames(unsigned, open)]).toHaveLength(2);
});

test('parts have to be objects; empty ones are', () => {
  const message = (content: string) => {
    const parts = ['{"msg_type":"x"}', '', 'null', content].map(part => Buffer.from(part));
    return fromFrames([Buffer.from('<IDS|MSG>'), Buffer.from(signer.sign(parts)), ...parts], signer);
  };
  expect(message('{"a":1}')).toMatchObject({ parent: {}, metadata: {}, content: { a: 1 } });
  for (const content of ['[1]', '7', '"text"', 'true'])
    expect(() => message(content)).toThrow(`message whose content is no object: ${content}`);
  expect(() => message('{"a":')).toThrow('JSON');
  expect(() => message('['.repeat(1e6))).toThrow();
});

test('what JSON cannot say does not take the message along', () => {
  const loop: Record<string, unknown> = { big: 1n, twice: [{}, {}] };
  loop.self = loop;
  loop.deep = { loop };
  const shared = { x: 1 };
  const frames = toFrames(createMessage('comm_msg', { loop, shared: [shared, shared] }), signer);
  expect(fromFrames(buffersOf(frames), signer).content).toEqual({
    loop: { big: '1', twice: [{}, {}], self: '[circular]', deep: { loop: '[circular]' } },
    shared: [{ x: 1 }, { x: 1 }],
  });
});
