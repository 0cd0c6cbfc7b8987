/** The installed kernelspec is what Jupyter needs to start the kernel. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { decodePng } from '../base/png.ts';

const cli = fileURLToPath(new URL('../dist/cli/index.js', import.meta.url));
const folders: string[] = [];
afterEach(() => folders.splice(0).forEach(folder => rmSync(folder, { recursive: true })));

function install(...args: string[]): string {
  return execFileSync(process.execPath, [cli, 'install', ...args], { encoding: 'utf8' });
}

function fresh(): string {
  const folder = mkdtempSync(join(tmpdir(), 'neuronbook-install-'));
  folders.push(folder);
  return folder;
}

test('into a prefix, twice', () => {
  const prefix = fresh();
  install('--prefix', prefix);
  const said = install('--prefix', prefix);
  const kernel = join(prefix, 'share', 'jupyter', 'kernels', 'neuronbook');
  expect(said.split('\n')[0]).toBe(`kernel: ${kernel}`);
  const spec = JSON.parse(readFileSync(join(kernel, 'kernel.json'), 'utf8')) as { argv: string[] };
  expect(spec).toEqual({
    argv: [process.execPath, fileURLToPath(new URL('../dist/main.js', import.meta.url)), '{connection_file}'],
    display_name: 'TypeScript (neuronbook)',
    language: 'typescript',
    interrupt_mode: 'message',
    metadata: { debugger: true },
  });
  expect(existsSync(spec.argv[1])).toBe(true);
});

test('the icon is a picture at both sizes', () => {
  const prefix = fresh();
  install('--prefix', prefix);
  const kernel = join(prefix, 'share', 'jupyter', 'kernels', 'neuronbook');
  for (const size of [32, 64]) {
    const { width, height, channels, data } = decodePng(
      readFileSync(join(kernel, `logo-${size}x${size}.png`)),
    );
    expect([width, height, channels, data[3]]).toEqual([size, size, 4, 0]);
    // a neuron is white, the square around it blue
    const at = (x: number, y: number) => [...data.subarray(4 * (y * size + x)).subarray(0, 4)];
    expect(at(Math.round(size * 0.72), size / 2)).toEqual([255, 255, 255, 255]);
    expect(at(size / 2, Math.round(size * 0.06))).toEqual([0x31, 0x78, 0xc6, 255]);
  }
  expect(readFileSync(join(kernel, 'logo-svg.svg'), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
});

test('two places at once are refused', () => {
  const prefix = fresh();
  expect(() =>
    execFileSync(process.execPath, [cli, 'install', '--prefix', prefix, '--user'], { stdio: 'pipe' }),
  ).toThrow('more than one place to install to; expected one of --prefix, --user, --sys-prefix');
});
