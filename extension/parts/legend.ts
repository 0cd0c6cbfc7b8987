/** A colour scale with its ends and what it measures. */
import { short } from './curve.ts';
import { el, setText } from './dom.ts';
import { paint, type Matrix } from './heat-map.ts';
import '../../style/legend.css';

const STEPS = 96;

export class Legend {
  private readonly unit = el('span', { class: 'nb-Legend-unit' });
  private readonly low = el('span');
  private readonly high = el('span');
  private readonly ramp = el('canvas', { class: 'nb-Legend-ramp', 'aria-hidden': 'true' });
  readonly node = el('span', { class: 'nb-Legend' }, this.unit, this.low, this.ramp, this.high);

  update([low, high]: readonly [number, number], unit: string, scale: Matrix['scale']): void {
    setText(this.unit, unit);
    setText(this.low, short(low));
    setText(this.high, short(high));
    const data = Float32Array.from({ length: STEPS }, (_, i) => i / (STEPS - 1));
    paint(this.ramp, { data, offset: 0, width: STEPS, height: 1, range: [0, 1], scale });
  }
}
