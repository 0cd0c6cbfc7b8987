/** HMAC over the four JSON frames of a message. Buffers are not signed: the protocol leaves them out. */
import { createHmac, getHashes, timingSafeEqual } from 'node:crypto';

export interface Signer {
  sign(frames: readonly Uint8Array[]): string;
  /** @throws Error where the signature is not that of the frames */
  check(signature: string, frames: readonly Uint8Array[]): void;
}

/** Signatures that are remembered, as many as ipykernel does. */
const REMEMBERED = 1 << 16;

/**
 * `scheme` is `hmac-` and a digest, as in the connection file; an empty key switches signing off.
 * @throws where the scheme is not an hmac
 */
export function createSigner(key: string, scheme = 'hmac-sha256'): Signer {
  const [kind, digest] = scheme.split('-');
  if (kind !== 'hmac' || !getHashes().includes(digest))
    throw new Error(`unknown signature scheme: ${scheme}; expected hmac-sha256 or another hmac`);
  const sign = (frames: readonly Uint8Array[]) => {
    if (!key) return '';
    const hmac = createHmac(digest, key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest('hex');
  };
  return {
    sign,
    check(signature, frames) {
      if (!key) return;
      const expected = Buffer.from(sign(frames));
      const received = Buffer.from(signature);
      if (expected.length !== received.length || !timingSafeEqual(expected, received))
        throw new Error('message with a wrong signature');
    },
  };
}

/**
 * Takes every signature once: a message that somebody recorded and sends again is refused. Headers hold a fresh
 * id each, so two honest messages never share one.
 */
export function refuseReplays(signer: Signer, remembered = REMEMBERED): Signer {
  const seen = new Set<string>();
  return {
    sign: signer.sign,
    check(signature, frames) {
      signer.check(signature, frames);
      if (!signature) return;
      if (seen.has(signature)) throw new Error('message that was sent before, with the same signature');
      seen.add(signature);
      // a set keeps the order of its insertions: the first is the oldest
      if (seen.size > remembered) for (const oldest of seen) return void seen.delete(oldest);
    },
  };
}
