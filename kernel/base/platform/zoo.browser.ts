/** Where the bundled models lie in a browser: beside the script. */

export const zooFile = (name: string): string => new URL(`zoo/${name}/${name}.onnx`, import.meta.url).href;

/** A browser cannot list a folder; a missing model fails when it is fetched. */
export const zooNames = (): string[] | undefined => undefined;
