/** A zip archive of files, deflated. The same files give the same bytes: it keeps no times. */
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const deflate = promisify(zlib.deflateRaw);

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** The checksum of zip, gzip and PNG. Node has it from 22.2 on. */
export function crc32(data) {
  if (zlib.crc32) return zlib.crc32(data);
  let crc = ~0;
  for (const byte of data) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const MIDNIGHT = 0x0021; // the first day that zip knows, 1980-01-01
const UTF8 = 1 << 11;
const UNIX = 3 << 8;

/** What the local header and the directory say alike, from the version on. */
function common({ name, data, packed }) {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0); // to read it: version 2.0
  header.writeUInt16LE(UTF8, 2);
  header.writeUInt16LE(8, 4); // deflate
  header.writeUInt16LE(MIDNIGHT, 8);
  header.writeUInt32LE(crc32(data), 10);
  header.writeUInt32LE(packed.length, 14);
  header.writeUInt32LE(data.length, 18);
  header.writeUInt16LE(Buffer.byteLength(name), 22);
  return header;
}

const signature = word => Buffer.from(word, 'latin1');

/**
 * Writes the archive. No file and no sum of files may reach 4 GB, which the format without its extensions cannot say.
 * @param files [{ name, data }] in the order in which they are to lie
 */
export async function writeZip(path, files, { level = 9 } = {}) {
  // the threads of zlib take them side by side
  const packed = await Promise.all(
    files.map(async file => ({ ...file, packed: await deflate(file.data, { level }) })),
  );
  const out = await open(path, 'w');
  const directory = [];
  let offset = 0;
  const write = async part => {
    await out.write(part);
    offset += part.length;
  };
  for (const file of packed) {
    const header = common(file);
    const name = Buffer.from(file.name);
    const tail = Buffer.alloc(14); // comment, disk, attributes, place
    tail.writeUInt32LE(0o100644 * 2 ** 16, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(signature('PK\x01\x02'), Buffer.from([20, UNIX >> 8]), header, tail, name);
    await write(Buffer.concat([signature('PK\x03\x04'), header, name]));
    await write(file.packed);
  }
  const start = offset;
  await write(Buffer.concat(directory));
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(offset - start, 8);
  end.writeUInt32LE(start, 12);
  await write(Buffer.concat([signature('PK\x05\x06'), end]));
  await out.close();
}
