/**
 * The wire format: the part of ONNX's public protobuf schema that a network is made of, field numbers included.
 * `decode.ts` and `encode.ts` are the only readers of these shapes.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import Long64 from 'long';
import protobuf from 'protobufjs';
import type { DType } from '../base/dtype.ts';

const source = `
syntax = "proto2";
package onnx;

message ModelProto {
  optional int64 ir_version = 1;
  optional string producer_name = 2;
  optional string producer_version = 3;
  optional string domain = 4;
  optional int64 model_version = 5;
  optional string doc_string = 6;
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
  repeated FunctionProto functions = 25;
}
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message StringStringEntryProto { optional string key = 1; optional string value = 2; }
message FunctionProto {
  optional string name = 1;
  repeated string input = 4;
  repeated string output = 5;
  repeated string attribute = 6;
  repeated NodeProto node = 7;
  optional string doc_string = 8;
  repeated OperatorSetIdProto opset_import = 9;
  optional string domain = 10;
  repeated AttributeProto attribute_proto = 11;
  repeated ValueInfoProto value_info = 12;
  optional string overload = 13;
}
message GraphProto {
  repeated NodeProto node = 1;
  optional string name = 2;
  repeated TensorProto initializer = 5;
  optional string doc_string = 10;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
  repeated ValueInfoProto value_info = 13;
  repeated SparseTensorProto sparse_initializer = 15;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  optional string name = 3;
  optional string op_type = 4;
  repeated AttributeProto attribute = 5;
  optional string doc_string = 6;
  optional string domain = 7;
  optional string overload = 8;
  repeated StringStringEntryProto metadata_props = 9;
}
message AttributeProto {
  optional string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  optional bytes s = 4;
  optional TensorProto t = 5;
  optional GraphProto g = 6;
  repeated float floats = 7;
  repeated int64 ints = 8;
  repeated bytes strings = 9;
  repeated TensorProto tensors = 10;
  repeated GraphProto graphs = 11;
  optional string doc_string = 13;
  optional int32 type = 20;
  optional string ref_attr_name = 21;
  optional SparseTensorProto sparse_tensor = 22;
}
message TensorProto {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  repeated float float_data = 4 [packed = true];
  repeated int32 int32_data = 5 [packed = true];
  repeated bytes string_data = 6;
  repeated int64 int64_data = 7 [packed = true];
  optional string name = 8;
  optional bytes raw_data = 9;
  repeated double double_data = 10 [packed = true];
  repeated uint64 uint64_data = 11 [packed = true];
  optional string doc_string = 12;
  repeated StringStringEntryProto external_data = 13;
  optional int32 data_location = 14;
}
message SparseTensorProto { optional TensorProto values = 1; optional TensorProto indices = 2; repeated int64 dims = 3; }
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; optional string doc_string = 3; }
message TypeProto {
  optional TensorTypeProto tensor_type = 1;
  optional SequenceTypeProto sequence_type = 4;
  optional MapTypeProto map_type = 5;
  optional TensorTypeProto sparse_tensor_type = 8;
  optional SequenceTypeProto optional_type = 9;
}
message TensorTypeProto { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
message SequenceTypeProto { optional TypeProto elem_type = 1; }
message MapTypeProto { optional int32 key_type = 1; optional TypeProto value_type = 2; }
message TensorShapeProto { repeated DimensionProto dim = 1; }
message DimensionProto { optional int64 dim_value = 1; optional string dim_param = 2; optional string denotation = 3; }
`;

// left to itself protobufjs looks for `long` with require, which a bundle does not have; it then rounds to 53 bits
protobuf.util.Long = Long64;
protobuf.configure();

/** The message that a file holds. */
export const ModelType = protobuf.parse(source, { keepCase: true }).root.lookupType('onnx.ModelProto');

/** A 64-bit integer as protobufjs reads and writes it. */
export interface Long {
  low: number;
  high: number;
  unsigned: boolean;
}
export type Integer = Long | number;

interface Entry {
  key: string;
  value: string;
}
export interface OpsetProto {
  domain?: string;
  version: Integer;
}
/** Singular fields are absent, not default, where the file leaves them out: test with `has`. */
export interface ModelProto {
  ir_version: Integer;
  producer_name?: string;
  producer_version?: string;
  graph?: GraphProto;
  opset_import: OpsetProto[];
  metadata_props: Entry[];
  functions?: FunctionProto[];
}
export interface FunctionProto {
  name: string;
  domain: string;
  overload: string;
  input: string[];
  output: string[];
  attribute: string[];
  attribute_proto: AttributeProto[];
  node: NodeProto[];
  opset_import: OpsetProto[];
}
export interface GraphProto {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  sparse_initializer?: SparseTensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  value_info: ValueInfoProto[];
}
export interface NodeProto {
  input: string[];
  output: string[];
  name?: string;
  op_type: string;
  attribute: AttributeProto[];
  domain?: string;
  overload?: string;
  metadata_props?: { key: string; value: string }[];
}
export interface AttributeProto {
  name: string;
  type: number;
  f?: number;
  i?: Integer;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: Integer[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  sparse_tensor?: SparseTensorProto;
  ref_attr_name?: string;
}
export interface TensorProto {
  dims: Integer[];
  data_type: number;
  name?: string;
  raw_data?: Uint8Array;
  float_data?: number[];
  int32_data?: number[];
  string_data?: Uint8Array[];
  int64_data?: Integer[];
  double_data?: number[];
  uint64_data?: Integer[];
  external_data?: Entry[];
  data_location?: number;
}
export interface SparseTensorProto {
  values?: TensorProto | null;
  indices?: TensorProto | null;
  dims: Integer[];
}
export interface ValueInfoProto {
  name: string;
  type?: TypeProto;
}
export interface TypeProto {
  tensor_type?: { elem_type: number; shape?: { dim: DimensionProto[] } };
  sequence_type?: object;
  map_type?: object;
  sparse_tensor_type?: object;
  optional_type?: object;
}
export interface DimensionProto {
  dim_value?: Integer;
  dim_param?: string;
}

/** Whether the file states a singular field (protobufjs keeps defaults on the prototype). */
export const has = <T extends object>(message: T, field: keyof T): boolean => Object.hasOwn(message, field);

/** `TensorProto.DataType` by number; the ones after 13 are recognised only to be named in an error. */
export const elementTypes = [
  ...[
    'undefined',
    'float32',
    'uint8',
    'int8',
    'uint16',
    'int16',
    'int32',
    'int64',
    'string',
    'bool',
    'float16',
  ],
  ...['float64', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz'],
  ...['float8e5m2', 'float8e5m2fnuz', 'uint4', 'int4', 'float4e2m1', 'float8e8m0', 'uint2', 'int2'],
] as const;

export const elementNumber = (dtype: DType): number => elementTypes.indexOf(dtype);

export const BRAIN = elementTypes.indexOf('bfloat16');

/**
 * The dtype that an element number stands for, where a tensor can have it. bfloat16 is read as float32, which holds
 * each of its numbers: ONNX Runtime's processor kernels know almost none that take it.
 */
export const elementType = (number: number): DType | undefined => {
  if (number === BRAIN) return 'float32';
  return number >= 1 && number <= 13 ? (elementTypes[number] as DType) : undefined;
};

/** `AttributeProto.AttributeType`. */
export const kinds = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
  SPARSE_TENSOR: 11,
  SPARSE_TENSORS: 12,
  TYPE_PROTO: 13,
  TYPE_PROTOS: 14,
} as const;

export function toBigInt(value: Integer): bigint {
  if (typeof value === 'number') return BigInt(value);
  const joined = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
  return value.unsigned ? joined : BigInt.asIntN(64, joined);
}

/** Exact up to 2⁵³; sizes and versions are. */
export const toNumber = (value: Integer): number =>
  typeof value === 'number'
    ? value
    : (value.unsigned ? value.high >>> 0 : value.high) * 2 ** 32 + (value.low >>> 0);

export function toLong(value: bigint): Long {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: false };
}
