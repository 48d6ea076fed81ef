/**
 * GGUF as data: what a file holds once it has been read and checked, and what the writer takes.
 * Format: ggml-org/ggml, docs/gguf.md. Sizes of the tensor types: ggml's type traits.
 */

/** Metadata types by their number in the file. */
export const valueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;

export type GgufValueType = (typeof valueTypes)[number];
type GgufNumberType = Exclude<GgufValueType, 'bool' | 'string' | 'array' | 'uint64' | 'int64'>;

/** The elements of an array; GGUF as llama.cpp reads it has no arrays of arrays. */
export type GgufArray =
  | readonly string[]
  | readonly boolean[]
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

export type GgufValue =
  | { readonly type: GgufNumberType; readonly value: number }
  | { readonly type: 'uint64' | 'int64'; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly of: Exclude<GgufValueType, 'array'>; readonly value: GgufArray };

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** A tensor type: `blockSize` elements are stored in `blockBytes` bytes. */
export interface GgmlType {
  readonly id: number;
  readonly name: string;
  readonly blockSize: number;
  readonly blockBytes: number;
}

const type = (id: number, name: string, blockSize: number, blockBytes: number): GgmlType => ({
  id,
  name,
  blockSize,
  blockBytes,
});

/** Every tensor type that llama.cpp (2026) reads. Numbers that are missing were retired. */
const ggmlTypes: readonly GgmlType[] = [
  type(0, 'f32', 1, 4),
  type(1, 'f16', 1, 2),
  type(2, 'q4_0', 32, 18),
  type(3, 'q4_1', 32, 20),
  type(6, 'q5_0', 32, 22),
  type(7, 'q5_1', 32, 24),
  type(8, 'q8_0', 32, 34),
  type(9, 'q8_1', 32, 36),
  type(10, 'q2_k', 256, 84),
  type(11, 'q3_k', 256, 110),
  type(12, 'q4_k', 256, 144),
  type(13, 'q5_k', 256, 176),
  type(14, 'q6_k', 256, 210),
  type(15, 'q8_k', 256, 292),
  type(16, 'iq2_xxs', 256, 66),
  type(17, 'iq2_xs', 256, 74),
  type(18, 'iq3_xxs', 256, 98),
  type(19, 'iq1_s', 256, 50),
  type(20, 'iq4_nl', 32, 18),
  type(21, 'iq3_s', 256, 110),
  type(22, 'iq2_s', 256, 82),
  type(23, 'iq4_xs', 256, 136),
  type(24, 'i8', 1, 1),
  type(25, 'i16', 1, 2),
  type(26, 'i32', 1, 4),
  type(27, 'i64', 1, 8),
  type(28, 'f64', 1, 8),
  type(29, 'iq1_m', 256, 56),
  type(30, 'bf16', 1, 2),
  type(34, 'tq1_0', 256, 54),
  type(35, 'tq2_0', 256, 66),
  type(39, 'mxfp4', 32, 17),
  type(40, 'nvfp4', 64, 36),
  type(41, 'q1_0', 128, 18),
  type(42, 'q2_0', 64, 18),
];

const byId = new Map(ggmlTypes.map((entry) => [entry.id, entry]));
const byName = new Map(ggmlTypes.map((entry) => [entry.name, entry]));

export function ggmlTypeById(id: number): GgmlType | undefined {
  return byId.get(id);
}

/** @throws when there is no such type: a mistake in our own code, not in a file. */
export function ggmlType(name: string): GgmlType {
  const found = byName.get(name);
  if (found === undefined) throw new Error(`unknown ggml type ${name}`);
  return found;
}

export interface GgufTensorInfo {
  readonly name: string;
  /** As ggml has it: the first is the length of a row. 0 to 4 entries. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  /** From the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** A checked header. The tensors' data are known to lie inside the file; they are not read. */
export interface GgufFile {
  readonly path: string;
  readonly fileBytes: number;
  readonly version: number;
  readonly alignment: number;
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensorInfo[];
  /** Where the tensors' data start. */
  readonly dataOffset: number;
}

/** Bytes of a tensor of this shape; the first dimension must be a multiple of the block size. */
export function tensorBytes(tensorType: GgmlType, shape: readonly number[]): number {
  const elements = shape.reduce((product, size) => product * size, 1);
  return (elements / tensorType.blockSize) * tensorType.blockBytes;
}

/** The next multiple of `alignment`, a power of two. */
export function pad(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
