/** Notebooks with saved outputs, as the kernel would have written them. */
import { feature } from './pictures.ts';

export const NEURONBOOK = 'application/vnd.neuronbook.v1+json';
export const PLOTLY = 'application/vnd.plotly.v1+json';

type Bundle = Record<string, unknown>;

/** One code cell, with what it displayed. */
export const cell = (source: string, ...bundles: Bundle[]) => ({
  cell_type: 'code',
  execution_count: bundles.length ? 1 : null,
  id: Math.random().toString(36).slice(2, 10),
  metadata: {},
  outputs: bundles.map(data => ({ output_type: 'display_data', data, metadata: {} })),
  source,
});

export const notebook = (...cells: unknown[]) => ({
  cells,
  metadata: {
    kernelspec: { display_name: 'TypeScript (neuronbook)', language: 'typescript', name: 'neuronbook' },
    language_info: { name: 'typescript', file_extension: '.ts', mimetype: 'text/x-typescript' },
  },
  nbformat: 4,
  nbformat_minor: 5,
});

export interface GridOptions {
  count?: number;
  step?: number;
  total?: number;
  state?: 'running' | 'done' | 'interrupted';
  options?: { columns?: number; pixelated?: boolean };
}

/** The bundle of a feature grid: our view, a picture for those without the extension, and words. */
export function grid({
  count = 10,
  step = 256,
  total = 256,
  state = 'done',
  options = {},
}: GridOptions = {}): Bundle {
  const cells = Array.from({ length: count }, (_, i) => {
    const steps = Array.from({ length: 1 + Math.floor(step / 8) }, (_, k) => 8 * k);
    const curve = steps.map(
      s => (8 + ((5 * i) % 9)) * (1 - Math.exp(-s / (30 + 11 * (i % 4)))) + Math.sin(s + i) / 4,
    );
    return {
      label: `channel ${i}`,
      objective: `channel('conv3', ${i})`,
      image: feature(i, Math.min(1, step / 200)),
      width: 48,
      height: 48,
      curve,
      steps,
    };
  });
  return {
    [NEURONBOOK]: {
      version: 1,
      view: 'feature-grid',
      data: { title: 'conv3', cells, step, total, state },
      options,
    },
    'image/png': feature(0),
    'text/plain': `feature grid: conv3, ${count} channels, ${state}`,
  };
}

/** The bundle of a chart such as `plot` makes. */
export function chart(layout: Bundle = {}): Bundle {
  const x = Array.from({ length: 24 }, (_, i) => i);
  const trace = (name: string, f: (i: number) => number) => ({
    type: 'scatter',
    mode: 'lines+markers',
    name,
    x,
    y: x.map(f),
  });
  return {
    [PLOTLY]: {
      data: [
        trace('stripes', i => 6 * Math.exp(-((i - 5) ** 2) / 9)),
        trace('checks', i => 4 + 2 * Math.sin(i / 3)),
      ],
      layout: {
        title: { text: 'What conv3 makes of one picture' },
        xaxis: { title: { text: 'channel' } },
        yaxis: { title: { text: 'mean activation' } },
        ...layout,
      },
    },
    'image/png': feature(1),
    'text/plain': 'chart: what conv3 makes of one picture',
  };
}
