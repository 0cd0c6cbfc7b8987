/** Settings from outside, in a browser: there are none. */
export const environment = (_name: string): string | undefined => undefined;
