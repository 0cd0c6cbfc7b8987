/** What the bundler adds to a module: a table of the modules that a pattern finds, without a list kept by hand. */
interface ModuleTable {
  keys(): string[];
  (key: string): Promise<unknown>;
}

interface ImportMeta {
  webpackContext(folder: string, options: { regExp: RegExp; recursive: boolean; mode: 'lazy' }): ModuleTable;
}
