/** Settings from outside, in Node: environment variables. */
export const environment = (name: string): string | undefined => process.env[name];
