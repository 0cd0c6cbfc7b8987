/** Gradients of the matrix products against finite differences, and the nodes they are made of. */
import { expect, test } from 'vitest';
import { add, fusedMatmul, gemm, matmul } from '../functions.ts';
import { gradients } from '../grad.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';

const a = (...dims: number[]) => normal(dims, 'a');
const b = (...dims: number[]) => normal(dims, 'b');

test.each<Case>([
  ['MatMul of matrices', matmul, [a(2, 3), b(3, 4)]],
  ['MatMul of vectors', matmul, [a(3), b(3)]],
  ['MatMul of vector and matrix', matmul, [a(3), b(3, 4)]],
  ['MatMul of matrix and vector', matmul, [a(2, 3), b(3)]],
  ['MatMul of batch and matrix', matmul, [a(2, 3, 4), b(4, 5)]],
  ['MatMul of matrix and batch', matmul, [a(3, 4), b(2, 4, 5)]],
  ['MatMul of batch and vector', matmul, [a(2, 3, 4), b(4)]],
  ['MatMul of vector and batch', matmul, [a(4), b(2, 4, 5)]],
  ['MatMul of batches', matmul, [a(2, 3, 4), b(2, 4, 2)]],
  ['MatMul of batches that stretch', matmul, [a(2, 1, 3, 4), b(3, 4, 2)]],
  ['MatMul twice', second(matmul), [a(2, 3, 4), b(2, 4, 2)]],
  ['MatMul of batch and matrix twice', second(matmul), [a(2, 2, 3), b(3, 2)]],
  ['Gemm', (x, y) => gemm(x, y), [a(2, 3), b(3, 4)]],
  ['Gemm transA', (x, y) => gemm(x, y, undefined, { transA: true }), [a(3, 2), b(3, 4)]],
  ['Gemm transB', (x, y) => gemm(x, y, undefined, { transB: true }), [a(2, 3), b(4, 3)]],
  [
    'Gemm transA and transB',
    (x, y) => gemm(x, y, undefined, { transA: true, transB: true }),
    [a(3, 2), b(4, 3)],
  ],
  [
    'Gemm α, β and a row',
    (x, y, c) => gemm(x, y, c, { alpha: 0.5, beta: 2 }),
    [a(2, 3), b(3, 4), normal([4])],
  ],
  ['Gemm and a column', (x, y, c) => gemm(x, y, c), [a(2, 3), b(3, 4), normal([2, 1])]],
  ['Gemm and a matrix', (x, y, c) => gemm(x, y, c), [a(2, 3), b(3, 4), normal([2, 4])]],
  ['Gemm and a scalar', (x, y, c) => gemm(x, y, c), [a(2, 3), b(3, 4), normal([])]],
  ['Gemm twice', second((x, y) => gemm(x, y, undefined, { transA: true, alpha: 2 })), [a(3, 2), b(3, 4)]],
  ['FusedMatMul', (x, y) => fusedMatmul(x, y, { alpha: 0.5 }), [a(2, 3, 4), b(2, 4, 2)]],
  ['FusedMatMul transA', (x, y) => fusedMatmul(x, y, { transA: true }), [a(2, 4, 3), b(2, 4, 2)]],
  ['FusedMatMul transB', (x, y) => fusedMatmul(x, y, { transB: true }), [a(2, 3, 4), b(2, 2, 4)]],
  ['FusedMatMul both', (x, y) => fusedMatmul(x, y, { transA: true, transB: true }), [a(2, 4, 3), b(2, 2, 4)]],
  ['FusedMatMul stretched', (x, y) => fusedMatmul(x, y, { transB: true }), [a(3, 4), b(2, 2, 4)]],
])('%s', checkGradient);

test('a linear layer goes back by two Gemms and a sum', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [8, 16]);
  const w = trace.input('w', 'float32', [16, 4]);
  const bias = trace.input('bias', 'float32', [4]);
  const dy = trace.input('dy', 'float32', [8, 4]);
  gradients(trace, add(matmul(x, w), bias), [x, w, bias], dy);
  expect(trace.steps.slice(2).map(({ node }) => node.op)).toEqual(['MatMul', 'Gemm', 'Gemm']);
});
