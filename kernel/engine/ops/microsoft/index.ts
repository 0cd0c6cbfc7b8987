/** The families of com.microsoft, ONNX Runtime's own domain: what its optimizer and its exporters write. */
export * from './activations.ts';
export * from './attention.ts';
export * from './embeddings.ts';
export * from './grouped-attention.ts';
export * from './multi-head-attention.ts';
export * from './products.ts';
export * from './rotary.ts';
export { DequantizeLinear, QuantizeLinear } from '../quantization.ts';
