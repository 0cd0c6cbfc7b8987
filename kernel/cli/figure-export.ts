/**
 * `neuronbook figure export`: live figures of a notebook as one HTML file, which opens from a disk and asks for nothing.
 * It holds the figures, the script that draws them, and ONNX Runtime as text.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { escapeHtml } from '../display/html.ts';
import { envelopeProblem, isRecord, NEURONBOOK_MIME } from '../display/payload.ts';
import { problem } from '../display/views/live.ts';

export interface ExportOptions {
  output: string;
  /** Which code cell, from 1; every live figure where left out. */
  cell?: number;
}

/** One live figure: its payload, and the picture for those whose browser runs no scripts. */
export interface SavedFigure {
  payload: object;
  svg?: string;
}

type Bundle = Record<string, unknown>;

/**
 * Writes the page.
 * @param file a notebook with saved outputs, or a JSON file of one MIME bundle or payload
 * @returns what was written, a line each
 */
export function exportFigures(file: string, { output, cell }: ExportOptions): string[] {
  if (!existsSync(file))
    throw new Error(`no such file: ${file}; expected a notebook or a figure saved as JSON`);
  const figures = figuresOf(parsed(file), file, cell);
  const html = pageOf(figures, basename(file, extname(file)));
  writeFileSync(output, html);
  const megabytes = (Buffer.byteLength(html) / 1e6).toFixed(1);
  return [
    `${output}: ${figures.length} live ${figures.length === 1 ? 'figure' : 'figures'}, ${megabytes} MB`,
  ];
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is no JSON: ${(error as Error).message}; expected a notebook or a figure`, {
      cause: error,
    });
  }
}

/** @throws Error where there is none, or one that no page would draw */
export function figuresOf(content: unknown, file: string, cell?: number): SavedFigure[] {
  const cells = isRecord(content) && Array.isArray(content.cells) ? (content.cells as Bundle[]) : undefined;
  const code = cells?.filter(({ cell_type }) => cell_type === 'code');
  if (code && cell !== undefined && !code[cell - 1])
    throw new Error(`no code cell ${cell} in ${file}; expected 1 to ${code.length}`);
  const chosen = code && cell !== undefined ? [code[cell - 1]] : code;
  const bundles = chosen
    ? chosen
        .flatMap(({ outputs }) => (Array.isArray(outputs) ? (outputs as Bundle[]) : []))
        .map(({ data }) => data)
    : [content];
  const figures = bundles.flatMap((bundle): SavedFigure[] => {
    if (!isRecord(bundle)) return [];
    const payload = bundle[NEURONBOOK_MIME] ?? bundle;
    if (!isRecord(payload) || payload.view !== 'live') return [];
    const wrong = envelopeProblem(payload) ?? problem(payload.data);
    if (wrong) throw new Error(`a figure in ${file} cannot be exported: ${wrong}; run its cell again`);
    const svg = bundle['image/svg+xml'];
    return [{ payload, svg: Array.isArray(svg) ? svg.join('') : typeof svg === 'string' ? svg : undefined }];
  });
  if (!figures.length)
    throw new Error(
      `no live figure in ${cell === undefined ? file : `code cell ${cell} of ${file}`}; expected the output of figure.live, saved with the notebook`,
    );
  return figures;
}

/** What the built package has for pages. */
const part = (name: string): string => {
  const path = fileURLToPath(new URL(`../figure/${name}`, import.meta.url));
  if (!existsSync(path)) throw new Error(`no built page: ${path} is missing; run npm run build`);
  return readFileSync(path, 'utf8');
};

/** Text inside a script element ends at the first end tag, whatever the script thinks. */
const inScript = (text: string): string => text.replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');
const asJson = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/** Nothing may be fetched: scripts and pictures are in the page. */
const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'wasm-unsafe-eval' data: blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'connect-src data:',
].join('; ');

function pageOf(figures: readonly SavedFigure[], title: string): string {
  const runtime = fileURLToPath(import.meta.resolve('onnxruntime-web/wasm'));
  const wasm = fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  const places = figures.map(({ payload, svg }) => {
    const source = svg && `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
    const saved = source ? `<img src="${source}" alt="the figure as it was saved">` : '';
    return `<div class="nb-Place nb-Renderer">${saved}<script type="application/json">${asJson(payload)}</script></div>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="${policy}">
<title>${escapeHtml(title)}</title>
<style>${part('page.css')}</style>
<body>
<main>
${places.join('\n')}
</main>
<script type="text/plain" id="neuronbook-worker">${inScript(part('worker.js'))}</script>
<script type="text/plain" id="neuronbook-runtime">${readFileSync(runtime).toString('base64')}</script>
<script type="text/plain" id="neuronbook-wasm">${gzipSync(readFileSync(wasm), { level: 9 }).toString('base64')}</script>
<script>${inScript(part('page.js'))}</script>
</body>
</html>
`;
}
