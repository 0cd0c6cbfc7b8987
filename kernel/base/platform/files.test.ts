import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as browser from './files.browser.ts';
import * as node from './files.node.ts';

let folder: string;
let server: Server;
let address: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbook-files-'));
  mkdirSync(join(folder, 'net/parts'), { recursive: true });
  writeFileSync(join(folder, 'net/model.onnx'), 'model');
  writeFileSync(
    join(folder, 'net/weights.bin'),
    Uint8Array.from({ length: 100 }, (_, i) => i),
  );
  writeFileSync(join(folder, 'net/parts/more.bin'), 'more');
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync(join(folder, 'secret'), join(folder, 'net/link.bin'));
  symlinkSync(folder, join(folder, 'net/up'));
  symlinkSync('weights.bin', join(folder, 'net/inner.bin'));
  server = createServer((request, response) => {
    const found = request.url === '/net/weights.bin';
    response.writeHead(found ? 200 : 404);
    response.end(found ? Buffer.from(Array.from({ length: 100 }, (_, i) => i)) : undefined);
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** The message, with the folder and the port taken out. */
const message = (error: unknown) =>
  String(error).replaceAll(folder, '…').replaceAll(address, '…').replaceAll(process.cwd(), '.');
const outcome = (work: Promise<unknown>) => work.then(() => 'done', message);

describe('Node', () => {
  test('files are written whole, with the folders on the way, and read back', async () => {
    const path = join(folder, 'new/deep/file.bin');
    await node.writeFile(path, new Uint8Array([1, 2, 3]));
    expect(await node.readFile(path)).toEqual(new Uint8Array([1, 2, 3]));
    expect(await node.exists(path)).toBe(true);
    expect(await node.exists(`${path}.not`)).toBe(false);
    expect(await node.list(join(folder, 'net'))).toEqual([
      'inner.bin',
      'link.bin',
      'model.onnx',
      'parts',
      'up',
      'weights.bin',
    ]);
  });

  test('a write that fails leaves nothing behind', async () => {
    const target = join(folder, 'occupied');
    mkdirSync(join(target, 'full'), { recursive: true });
    expect(await outcome(node.writeFile(target, 'text'))).toMatch(
      /^NeuronbookError: cannot write …\/occupied: /,
    );
    expect(readdirSync(folder).filter(name => name.includes('.part'))).toEqual([]);
    // a file where a folder should be
    writeFileSync(join(folder, 'taken'), '');
    expect(await outcome(node.writeFile(join(folder, 'taken', 'net.onnx'), 'text'))).toMatch(
      /^NeuronbookError: cannot write …\/taken\/net\.onnx: /,
    );
  });

  test('what cannot be read says why', async () => {
    expect(await outcome(node.readFile(join(folder, 'nothing')))).toMatchInlineSnapshot(
      `"NeuronbookError: cannot read …/nothing: there is no such file"`,
    );
    expect(await outcome(node.readFile(folder))).toMatchInlineSnapshot(
      `"NeuronbookError: cannot read …: it is a folder; expected a file"`,
    );
    expect(await outcome(node.readFile('no-such-file.onnx'))).toMatchInlineSnapshot(
      `"NeuronbookError: cannot read no-such-file.onnx: there is no such file; looked in ."`,
    );
  });

  test('external data is read inside the model’s folder', async () => {
    const read = await node.openExternal(join(folder, 'net/model.onnx'));
    expect(read('weights.bin', 10, 3)).toEqual(new Uint8Array([10, 11, 12]));
    expect(read('./parts/more.bin', 0, 4)).toEqual(new TextEncoder().encode('more'));
    expect(read('inner.bin', 99, 1)).toEqual(new Uint8Array([99]));
    expect(read('weights.bin', 100, 0)).toEqual(new Uint8Array());
  });

  test.each([
    ['..', '../secret'],
    ['a path back in', '../net/weights.bin'],
    ['backslashes', '..\\secret'],
    ['an absolute path', '/etc/passwd'],
    ['a drive', 'C:\\secret'],
    ['a link to a file outside', 'link.bin'],
    ['a link to a folder outside', 'up/secret'],
    ['nothing', 'nothing.bin'],
    ['a folder', 'parts'],
    ['the folder itself', '.'],
    ['beyond the end', 'weights.bin'],
  ])('external data is refused: %s', async (name, location) => {
    const read = await node.openExternal(join(folder, 'net/model.onnx'));
    let error: unknown;
    try {
      read(location, 90, 11);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ name: 'FormatError', path: join(folder, 'net/model.onnx') });
    expect(`${name} — ${message(error)}`).toMatchSnapshot();
  });
});

describe('browser', () => {
  test('files are fetched, and cannot be written or listed', async () => {
    expect(await browser.readFile(`${address}/net/weights.bin`)).toHaveLength(100);
    expect(await browser.exists(`${address}/net/weights.bin`)).toBe(true);
    expect(await browser.exists(`${address}/net/nothing`)).toBe(false);
    expect(await outcome(browser.readFile(`${address}/net/nothing`))).toMatchInlineSnapshot(
      `"NeuronbookError: cannot read …/net/nothing: the server answers 404 Not Found"`,
    );
    expect(await outcome(browser.writeFile('net.onnx', 'x'))).toMatchInlineSnapshot(
      `"NeuronbookError: cannot write net.onnx: a browser has no files; keep the bytes, or offer them as a download"`,
    );
    expect(await outcome(browser.list('acts'))).toMatchInlineSnapshot(
      `"NeuronbookError: cannot list acts: a browser has no folders; name the files"`,
    );
  });

  test('external data is fetched beside the model, and nowhere else', async () => {
    const read = await browser.openExternal(`${address}/net/model.onnx`, ['weights.bin']);
    expect(read('weights.bin', 10, 3)).toEqual(new Uint8Array([10, 11, 12]));
    expect(() => read('weights.bin', 90, 11)).toThrow('lie outside the file');
    expect(() => read('other.bin', 0, 1)).toThrow('was not fetched');
    for (const location of ['../secret', '/secret', 'https://example.org/w.bin', '//example.org/w.bin'])
      expect(await outcome(browser.openExternal(`${address}/net/model.onnx`, [location]))).toContain(
        'leaves the folder of the model',
      );
  });
});
