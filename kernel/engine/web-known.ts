/** Gradient cases that ONNX Runtime's WebAssembly build fails, name → why. `checkGradient` fails where one passes. */
export const failsOnWeb: Readonly<Record<string, string>> = {
  'MaxPool, ceil, last window in the padding':
    'its shape inference counts a last window that begins in the padding, which its kernel and ONNX leave out, and ' +
    "refuses the graph: can't merge shape info, inferred 3, declared 2",
};
