/** Where the bundled models lie in a browser: in `zoo/` beside the script. */

// on a line of its own: bundlers take `new URL(…, import.meta.url)` for a file to bring along
const script: string = import.meta.url;

/** Some bundlers write the address of the source on the building machine there; then it is the page's that counts. */
const base = (): string => (/^https?:/.test(script) ? script : globalThis.location.href);

export const zooFile = (name: string): string => new URL(`zoo/${name}/${name}.onnx`, base()).href;

/** A browser cannot list a folder; a missing model fails when it is fetched. */
export const zooNames = (): string[] | undefined => undefined;
