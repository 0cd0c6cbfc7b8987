/** Connection files, good and bad. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addressOf, readConnection } from './connection.ts';

const folder = mkdtempSync(join(tmpdir(), 'neuronbook-connection-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ports = { shell_port: 1, control_port: 2, stdin_port: 3, iopub_port: 4, hb_port: 5 };

function read(fields: object) {
  const path = join(folder, 'connection.json');
  writeFileSync(path, JSON.stringify({ ...ports, ...fields }));
  return readConnection(path);
}

test.each([
  [{}, 'tcp://127.0.0.1:1'],
  [{ ip: '127.9.9.9' }, 'tcp://127.9.9.9:1'],
  [{ ip: '::1' }, 'tcp://[::1]:1'],
  [{ ip: 'localhost' }, 'tcp://localhost:1'],
  [{ transport: 'ipc', ip: '/run/kernel' }, 'ipc:///run/kernel-1'],
])('%j listens on %s', (fields, address) => expect(addressOf(read(fields), 'shell')).toBe(address));

test.each(['0.0.0.0', '*', '::', '192.168.1.7', '127.0.0.1.example.org'])(
  '%s can be reached from elsewhere and is refused',
  ip =>
    expect(() => read({ ip })).toThrow(
      `refused to listen on ${ip}; expected a loopback address such as 127.0.0.1, or the ipc transport`,
    ),
);

test('a missing port and an unknown transport are named', () => {
  expect(() => read({ stdin_port: '3' })).toThrow('no stdin_port in ');
  expect(() => read({ transport: 'udp' })).toThrow('udp; expected tcp or ipc');
});
