/** What a file that is not ONNX seems to be, so that the refusal can say what to do. Runs before the protobuf decoder. */

const startsWith = (bytes: Uint8Array, ...head: number[]) => head.every((byte, i) => bytes[i] === byte);

/** The reason these bytes cannot be a network, or undefined where they might be one. */
export function sniff(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'the file is empty; expected an ONNX network; download or export it again';
  const start = bytes.subarray(0, 512);
  if (start.every(byte => byte === 0))
    return `the file begins with ${start.length} zero bytes; expected an ONNX network; its content was lost, so copy it again`;
  if (startsWith(bytes, 0x50, 0x4b))
    return 'the file is a zip archive; expected ONNX; unpack it, or export with torch.onnx.export';
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5)
    return 'the file is a Python pickle; expected ONNX; load it in Python and export with torch.onnx.export';
  if (startsWith(bytes, 0x1f, 0x8b)) return 'the file is gzip-compressed; expected ONNX; unpack it first';
  if (startsWith(bytes, 0x89, 0x48, 0x44, 0x46))
    return 'the file is HDF5; expected ONNX; convert it, for example with tf2onnx';
  const printable = start.every(
    byte => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127),
  );
  if (!printable) return undefined;
  const text = new TextDecoder().decode(start).trim();
  if (text.startsWith('version https://git-lfs'))
    return 'the file is a Git LFS pointer; expected the network that it points to; run git lfs pull';
  if (/^<(!doctype|html|\?xml)/i.test(text))
    return 'the file is a web page; expected an ONNX network; the address leads to a page about it, not to the file';
  return `the file is text, beginning with ${JSON.stringify(text.slice(0, 24))}; expected an ONNX network`;
}
