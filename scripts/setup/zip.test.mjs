/** Archives that Python, which pip is, reads back. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { windows } from './place.mjs';
import { attempt } from './step.mjs';
import { crc32, writeZip } from './zip.mjs';

const folder = mkdtempSync(join(tmpdir(), 'neuronbook-zip-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('the checksum of its definition', () => {
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
});

test('what is written is found again, the same bytes each time', async () => {
  const files = [
    { name: 'a/empty.txt', data: Buffer.alloc(0) },
    { name: 'a/große.bin', data: Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) & 255)) },
  ];
  const paths = ['one.zip', 'two.zip'].map(name => join(folder, name));
  for (const path of paths) await writeZip(path, files);
  assert.deepEqual(readFileSync(paths[0]), readFileSync(paths[1]));

  const read = `import hashlib, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
print(json.dumps([[name, zipfile.zlib.crc32(archive.read(name))] for name in archive.namelist()]))`;
  const { code, output } = await attempt(windows ? 'python' : 'python3', ['-c', read, paths[0]]);
  assert.equal(code, 0, output);
  assert.deepEqual(
    JSON.parse(output),
    files.map(({ name, data }) => [name, crc32(data)]),
  );
});
