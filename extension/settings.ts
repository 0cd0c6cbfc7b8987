/** The person's settings (`schema/plugin.json`) as plain values, with their defaults where no registry is. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';

export interface ViewSettingValues {
  /** Pixels across one picture where a grid fills the page; with room to spare, up to half as large again. */
  pictureSize: number;
  /** Pictures in a row; 0 takes as many as fit. */
  columns: number;
  /** Whether enlarged pictures show their pixels. */
  pixelated: 'notebook' | 'always' | 'never';
  showCurves: boolean;
  /** Whether live figures compute by WebGPU. */
  graphicsCard: 'heavy' | 'always' | 'never';
}

export const defaults: ViewSettingValues = {
  pictureSize: 128,
  columns: 0,
  pixelated: 'notebook',
  showCurves: true,
  graphicsCard: 'heavy',
};

export class ViewSettings {
  values: ViewSettingValues = { ...defaults };
  private readonly listeners = new Set<() => void>();

  /** Follows the registry's settings from now on. */
  follow(settings: ISettingRegistry.ISettings): void {
    const read = () => {
      this.values = { ...defaults, ...(settings.composite as Partial<ViewSettingValues>) };
      for (const listener of this.listeners) listener();
    };
    settings.changed.connect(read);
    read();
  }

  /** Calls back on each change; returns how to stop. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
