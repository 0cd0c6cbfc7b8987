/** A run while it runs: a bar and the loss curve, redrawn about once a second. */
import { host } from '../base/host.ts';
import { PLOTLY_MIME } from '../display/payload.ts';

/** At most `most` points: the curve's means over equal stretches. */
export function thinned(losses: readonly number[], most = 400): { steps: number[]; values: number[] } {
  const stretch = Math.max(1, Math.ceil(losses.length / most));
  const steps: number[] = [];
  const values: number[] = [];
  for (let from = 0; from < losses.length; from += stretch) {
    const part = losses.slice(from, from + stretch);
    steps.push(from + part.length);
    values.push(part.reduce((sum, value) => sum + value, 0) / part.length);
  }
  return { steps, values };
}

export function lossFigure(title: string, losses: readonly number[]): Record<string, unknown> {
  const { steps, values } = thinned(losses);
  return {
    [PLOTLY_MIME]: { data: [{ type: 'scatter', mode: 'lines', x: steps, y: values }], layout: { title } },
    'text/plain': `${title}: loss ${values.at(-1)?.toPrecision(4)} after ${losses.length} steps`,
  };
}

export class LiveCurve {
  private shown = 0;
  constructor(
    readonly title: string,
    readonly total: number,
    readonly losses: readonly number[],
  ) {}
  due(): boolean {
    return Date.now() - this.shown > 1000;
  }
  async update(step: number): Promise<void> {
    this.shown = Date.now();
    host().display({ 'text/plain': `${this.title}: ${step}/${this.total}` });
  }
  async finish(step: number): Promise<void> {
    await this.update(step);
  }
}
