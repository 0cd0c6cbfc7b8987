/** The errors of the library. Messages are lower-case: what and value; expected and received; the next step. */

/** The library's own errors share this, so that a front end can tell a mistake in a call from a defect. */
export class NeuronbookError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Dims that cannot be: a broadcast, a reshape, an axis, an input of the wrong shape. */
export class ShapeError extends NeuronbookError {}

/** A shape that only data decides, where it has to be known before running. */
export class ComputedError extends ShapeError {}

/** A file or bytes that are not the ONNX they claim to be. `path` is the file, where there is one. */
export class FormatError extends NeuronbookError {
  constructor(
    message: string,
    readonly path?: string,
  ) {
    super(message);
  }
}

/** A server that did not give what it was asked for. `status` is its answer, where there was one. */
export class DownloadError extends NeuronbookError {
  constructor(
    message: string,
    readonly address: string,
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A name that does not exist. `nearest` are the real names closest to it, best first. */
export class NameError extends NeuronbookError {
  constructor(
    kind: string,
    readonly received: string,
    readonly nearest: readonly string[],
    next = '',
  ) {
    const hint = nearest.length ? `; nearest: ${nearest.join(', ')}` : '';
    super(`unknown ${kind}: ${received}${hint}${next && `; ${next}`}`);
  }
}

/** An operator that an instrument cannot handle, with where it stands. */
export class OpError extends NeuronbookError {
  constructor(
    message: string,
    readonly op: string,
    readonly site: string,
    readonly opset?: number,
  ) {
    super(message);
  }
}

/** The user pressed Interrupt. Long loops end with what they have; the session raises this after the statement. */
export class InterruptError extends NeuronbookError {}
