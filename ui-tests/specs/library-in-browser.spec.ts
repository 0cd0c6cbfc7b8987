/**
 * Promise: the library works in a web page. It computes there what it computes in Node, with threads where the page is
 * cross-origin isolated, without where it is not, and on WebGPU.
 */
import { expect, test, type Browser, type Page } from '@playwright/test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from '../../kernel/test-bundle.ts';
import { serve, type Pages } from '../pages.ts';

type Figures = Record<string, number[]>;

/** How the page computes: what is left out is the library's to choose. */
interface Way {
  at: readonly string[];
  providers?: readonly string[];
}

/** What `kernel/test-page.ts` exports, as the page and Node have it. */
interface TestPage {
  figures(given: Record<'model' | 'webp' | 'parquet', Uint8Array> & Way): Promise<Figures>;
  gradients(): Promise<{ failures: string[]; passed: number }>;
  zoo(): Promise<string>;
  refusals(): Promise<string[]>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const model = readFileSync(`${root}kernel/zoo/textures/textures.onnx`);
const wasm = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.asyncify.wasm'];
const everywhere = ['image', 'conv3'];
/** Behind most of the network: software takes seconds to compile the shaders of a whole way back. */
const late = ['conv5'];
const html = `<!doctype html><title>neuronbook</title>
<script type="module">import * as page from './test-page.js'; globalThis.neuronbookPage = page;</script>`;
const worker = `import { figures } from './test-page.js';
onmessage = ({ data }) => figures(data).then(postMessage, error => setTimeout(() => { throw error; }));`;

let files: Map<string, string | Uint8Array>;
let expected: Figures;

test.beforeAll(async () => {
  const { files: scripts, missing } = await bundle('test-page.ts');
  expect(missing).toEqual([]);
  const [webp, parquet] = [await picture(), await table()];
  files = new Map<string, string | Uint8Array>([
    ['index.html', html],
    ['worker.js', worker],
    ['zoo/textures/textures.onnx', model],
    ['picture.webp', webp],
    ['table.parquet', parquet],
    ...scripts.map(({ name, code }) => [name, code] as const),
    ...wasm.map(name => [name, readFileSync(require.resolve(`onnxruntime-web/${name}`))] as const),
  ]);
  expected = await inNode(webp, parquet);
});

/** A package that the library uses in Node. */
const used = (name: string) => import(require.resolve(name, { paths: [`${root}kernel`] }));

/** 7×5 pixels that come back as they were. */
async function picture(): Promise<Uint8Array> {
  const { default: sharp } = await used('sharp');
  const pixels = Uint8Array.from({ length: 3 * 7 * 5 }, (_, i) => (i * 37) % 256);
  return sharp(pixels, { raw: { width: 7, height: 5, channels: 3 } })
    .webp({ lossless: true })
    .toBuffer();
}

/** Integers, fractions and lists of these, compressed. */
async function table(): Promise<Uint8Array> {
  const { DuckDBInstance } = await used('@duckdb/node-api');
  const path = `${root}kernel/${kept('table.parquet', '')}`;
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const rows = 'select i, i / 8 as x, [i, -i / 2]::float[] as pair from range(100) as t(i)';
  await connection.run(`copy (${rows}) to '${path}' (format parquet, codec zstd)`);
  connection.closeSync();
  return readFileSync(path);
}

/** A file below `kernel/node_modules`, where packages are found as from anywhere in it. */
function kept(name: string, content: string): string {
  mkdirSync(`${root}kernel/node_modules/.cache`, { recursive: true });
  writeFileSync(`${root}kernel/node_modules/.cache/${name}`, content);
  return `node_modules/.cache/${name}`;
}

/** The same file, bundled for Node. */
async function inNode(webp: Uint8Array, parquet: Uint8Array): Promise<Figures> {
  const built = await bundle('test-page.ts', { platform: 'node' });
  const [entry] = built.files.map(({ name, code }) => kept(name, code));
  const page = (await import(pathToFileURL(`${root}kernel/${entry}`).href)) as TestPage;
  const given = {
    model: new Uint8Array(model),
    webp: new Uint8Array(webp),
    parquet: new Uint8Array(parquet),
  };
  return page.figures({ ...given, at: [...everywhere, ...late] });
}

const ask = <T>(page: Page, question: (page: TestPage) => Promise<T>): Promise<T> =>
  page.evaluate(`(${question})(globalThis.neuronbookPage)`);

async function open(browser: Browser, pages: Pages): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(pages.address);
  await page.waitForFunction('globalThis.neuronbookPage');
  return page;
}

/** What the page computes from files that it fetches, itself or in a worker. */
const figuresIn = (page: Page, way: Way, { inWorker = false } = {}): Promise<Figures> =>
  page.evaluate(
    async ({ way, inWorker }) => {
      const bytes = async (name: string) => new Uint8Array(await (await fetch(name)).arrayBuffer());
      const { neuronbookPage } = globalThis as unknown as { neuronbookPage: TestPage };
      const given = {
        model: await bytes('zoo/textures/textures.onnx'),
        webp: await bytes('picture.webp'),
        parquet: await bytes('table.parquet'),
        ...way,
      };
      if (!inWorker) return neuronbookPage.figures(given);
      const worker = new Worker('worker.js', { type: 'module' });
      return new Promise<Figures>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(given);
      });
    },
    { way, inWorker },
  );

/** max|ours − Node's| / max|Node's| of each figure is less than 10⁻⁴. */
function expectNodes(ours: Figures): void {
  expect(Object.keys(ours).length).toBeGreaterThan(8);
  for (const [name, values] of Object.entries(ours)) {
    const nodes = expected[name];
    expect(values, name).toHaveLength(nodes.length);
    const largest = Math.max(...nodes.map(Math.abs));
    const difference = Math.max(...values.map((value, i) => Math.abs(value - nodes[i])));
    expect(difference / largest, name).toBeLessThan(1e-4);
  }
}

for (const isolated of [false, true])
  test(`${isolated ? 'with' : 'without'} isolation: figures and gradients are those of Node`, async ({
    browser,
  }) => {
    const pages = await serve(files, { isolated });
    try {
      const page = await open(browser, pages);
      expect(await page.evaluate('crossOriginIsolated')).toBe(isolated);
      expectNodes(await figuresIn(page, { at: everywhere }));
      expect(await ask(page, page => page.gradients())).toEqual({ failures: [], passed: 12 });
      const cores = (await page.evaluate('navigator.hardwareConcurrency')) as number;
      expect(page.workers().length > 0).toBe(isolated && cores > 1);
    } finally {
      await pages.close();
    }
  });

test('in a worker, with threads: figures are those of Node', async ({ browser }) => {
  const pages = await serve(files, { isolated: true });
  try {
    const page = await open(browser, pages);
    expectNodes(await figuresIn(page, { at: late }, { inWorker: true }));
  } finally {
    await pages.close();
  }
});

test('the zoo lies beside the script; what a browser cannot do is said', async ({ browser }) => {
  const pages = await serve(files, { isolated: false });
  try {
    const page = await open(browser, pages);
    expect(await ask(page, page => page.zoo())).toContain('textures');
    expect(await ask(page, page => page.refusals())).toEqual([
      'NeuronbookError: cannot read absent.onnx: the server answers 404 Not Found',
      'NeuronbookError: acts holds no activations; harvest(model, data, { read, to }) makes some',
      'NeuronbookError: cannot write copy.onnx: a browser has no files; keep the bytes, or offer them as a download',
      'NeuronbookError: cannot write acts/manifest.json: a browser has no files; keep the bytes, or offer them as a download',
      'NeuronbookError: cannot query: a browser has no DuckDB; take rows by `slice` or `batches`, or use Node',
    ]);
  } finally {
    await pages.close();
  }
});

test('the example of the documentation', async ({ browser }) => {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${root}docs/browser.md`, 'utf8'))!;
  const { files: scripts, missing } = await bundle(kept('example.ts', example), { minify: true });
  expect(missing).toEqual([]);
  const own = new Map([...files, ...scripts.map(({ name, code }) => [name, code] as const)]);
  own.set('index.html', '<!doctype html><body><script type="module" src="example.js"></script>');
  const pages = await serve(own, { isolated: false });
  try {
    const page = await browser.newPage();
    await page.goto(pages.address);
    await expect(page.locator('body')).toHaveText(/^melon, from .*1×64×12×12.* and .*1×3×48×48/);
  } finally {
    await pages.close();
  }
});

test('on WebGPU', async ({ playwright }, { project }) => {
  const options = project.use.launchOptions;
  // a card in software, without which a machine without a card has none
  const args = options?.args?.filter(flag => flag !== '--disable-gpu') ?? [];
  const browser = await playwright.chromium.launch({
    ...options,
    args: [...args, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  });
  const pages = await serve(files, { isolated: false });
  try {
    const page = await open(browser, pages);
    const fetched: string[] = [];
    page.on('request', request => fetched.push(request.url()));
    const warnings: string[] = [];
    page.on('console', message => message.type() === 'warning' && warnings.push(message.text()));
    expectNodes(await figuresIn(page, { at: late, providers: ['webgpu'] }));
    expect(fetched).toContain(`${pages.address}ort-wasm-simd-threaded.asyncify.wasm`);
    expect(warnings).toEqual([]);
  } finally {
    await pages.close();
    await browser.close();
  }
});
