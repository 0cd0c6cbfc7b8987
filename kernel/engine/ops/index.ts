/** The families. An operator is registered by being exported from one; a new family is listed here. */
export * from './activation.ts';
export * from './arithmetic.ts';
export * from './constants.ts';
export * from './gathering.ts';
export * from './joining.ts';
export * from './movement.ts';
export * as microsoft from './microsoft.ts';
