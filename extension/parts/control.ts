/** One control with its name: what a person moves, and what it stands at. */
import { placesOf, type Control, type ControlValue } from 'neuronbook/display/controls';
import { el, ownKeys, setText } from './dom.ts';
import '../../style/interactive.css';

export class ControlField {
  readonly node: HTMLElement;
  private readonly input: HTMLInputElement | HTMLSelectElement;
  private readonly number = el('output', { class: 'nb-Control-number' });

  constructor(
    readonly name: string,
    private readonly control: Control,
    changed: () => void,
  ) {
    this.input = inputOf(name, control);
    this.input.addEventListener('input', () => {
      this.show();
      changed();
    });
    this.node = el(
      'label',
      { class: 'nb-Control' },
      el('span', { class: 'nb-Control-name' }, name),
      this.input,
    );
    if (control.kind === 'slider') this.node.append(this.number);
    this.show();
  }

  get value(): ControlValue {
    const { input, control } = this;
    // without the digits that adding up steps leaves behind
    if (control.kind === 'slider')
      return Math.min(control.max, Math.max(control.min, +Number(input.value).toPrecision(12)));
    return control.kind === 'switch' ? (input as HTMLInputElement).checked : input.value;
  }

  set enabled(on: boolean) {
    this.input.disabled = !on;
  }

  private show(): void {
    if (this.control.kind === 'slider') setText(this.number, String(+(this.value as number).toPrecision(6)));
  }
}

function inputOf(name: string, control: Control): HTMLInputElement | HTMLSelectElement {
  const common = { 'aria-label': name, ...ownKeys };
  if (control.kind === 'choice') {
    const select = el(
      'select',
      common,
      ...control.options.map(option => el('option', { value: option }, option)),
    );
    select.value = control.value;
    return select;
  }
  if (control.kind === 'switch') return el('input', { type: 'checkbox', checked: control.value, ...common });
  if (control.kind === 'text') return el('input', { type: 'text', value: control.value, ...common });
  return el('input', { type: 'range', ...placesOf(control), value: control.value, ...common });
}
