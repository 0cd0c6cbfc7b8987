/** Controls with their names in words: a slider that says where it stands, a button with text, a choice. */
import { el, ownKeys, setText } from './dom.ts';
import '../../style/labelled.css';

export class LabelledSlider {
  private readonly input: HTMLInputElement;
  private readonly reading = el('span', { class: 'nb-Slider-reading' });
  readonly node: HTMLElement;

  constructor(
    name: string,
    { min, max, step = 1 }: { min: number; max: number; step?: number },
    moved: (value: number) => void,
  ) {
    this.input = el('input', { type: 'range', min, max, step, 'aria-label': name, ...ownKeys });
    this.input.addEventListener('input', () => moved(Number(this.input.value)));
    this.node = el('label', { class: 'nb-Slider' }, el('span', {}, name), this.input, this.reading);
  }

  set(value: number): void {
    this.input.value = String(value);
  }

  /** What the place of the slider means, seen and read aloud. */
  tell(text: string): void {
    setText(this.reading, text);
    this.input.setAttribute('aria-valuetext', text);
  }
}

export function textButton(text: string, pressed: () => void): HTMLButtonElement {
  const made = el('button', { type: 'button', class: 'nb-Button nb-TextButton', ...ownKeys }, text);
  made.addEventListener('click', pressed);
  return made;
}

/** A choice among texts; tells the index of the one chosen. */
export class LabelledChoice {
  private readonly select: HTMLSelectElement;
  readonly node: HTMLElement;

  constructor(name: string, options: readonly string[], chosen: (index: number) => void) {
    this.select = el('select', { 'aria-label': name, ...ownKeys });
    this.select.addEventListener('change', () => chosen(this.select.selectedIndex));
    this.node = el('label', { class: 'nb-Choice' }, el('span', {}, name), this.select);
    this.options(options);
  }

  options(options: readonly string[]): void {
    const before = this.select.selectedIndex;
    this.select.replaceChildren(...options.map(option => el('option', {}, option)));
    this.select.selectedIndex = Math.max(0, Math.min(before, options.length - 1));
  }

  set(index: number): void {
    this.select.selectedIndex = index;
  }
}

/** A switch with its name. */
export class Toggle {
  private readonly input: HTMLInputElement;
  readonly node: HTMLElement;

  constructor(name: string, flipped: (on: boolean) => void) {
    this.input = el('input', { type: 'checkbox', 'aria-label': name, ...ownKeys });
    this.input.addEventListener('change', () => flipped(this.input.checked));
    this.node = el('label', { class: 'nb-Choice' }, this.input, el('span', {}, name));
  }
}
