/** HMAC over the four JSON frames of a message. Buffers are not signed: the protocol leaves them out. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Signer {
  sign(frames: readonly Uint8Array[]): string;
  verify(signature: string, frames: readonly Uint8Array[]): boolean;
}

/**
 * `scheme` is `hmac-` and a digest, as in the connection file; an empty key switches signing off.
 * @throws where the scheme is not an hmac
 */
export function createSigner(key: string, scheme = 'hmac-sha256'): Signer {
  const [kind, digest] = scheme.split('-');
  if (kind !== 'hmac' || !digest)
    throw new Error(`unknown signature scheme: ${scheme}; expected hmac-sha256 or another hmac`);
  const sign = (frames: readonly Uint8Array[]) => {
    if (!key) return '';
    const hmac = createHmac(digest, key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest('hex');
  };
  return {
    sign,
    verify(signature, frames) {
      if (!key) return true;
      const expected = Buffer.from(sign(frames));
      const received = Buffer.from(signature);
      return expected.length === received.length && timingSafeEqual(expected, received);
    },
  };
}
