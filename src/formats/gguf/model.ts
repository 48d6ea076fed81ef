import { invalidGguf } from './cursor.ts';
import type { GgufFile, GgufValue } from './types.ts';

/** What the header says about a language model; sizes in elements, as in the metadata. */
export interface GgufModel {
  readonly architecture: string;
  readonly name: string | undefined;
  readonly license: string | undefined;
  readonly parameterCount: number;
  /** Bytes of all tensors. */
  readonly weightBytes: number;
  /** The type that most weights have, for example `q4_k`. */
  readonly quantization: string;
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly nLayer: number;
  readonly nEmbd: number;
  readonly nHead: number;
  readonly nHeadKv: number;
  readonly nFf: number;
  /** Width of one head's keys and values. */
  readonly keyLength: number;
  readonly valueLength: number;
  /** Jinja source, when the file carries one: the model then answers messages. */
  readonly chatTemplate: string | undefined;
  /** This file's number (from 0) and how many files the model is split into. */
  readonly split: Split;
}

export interface Split {
  readonly index: number;
  readonly count: number;
  /** In all parts together; absent in a model that is not split. */
  readonly tensorCount: number | undefined;
}

const most = { layers: 1024, width: 1 << 24, context: 1 << 30 } as const;

/**
 * Checks that a file is a whole language model and not only a well-formed GGUF, and sums it up. Native
 * code divides by and allocates from these numbers.
 *
 * @throws AppError GGUF_INVALID
 */
export function describeModel(file: GgufFile): GgufModel {
  const architecture = text(file, 'general.architecture');
  if (architecture === undefined) throw invalidGguf(file.path, 'it has no general.architecture');
  const kind = text(file, 'general.type');
  if (kind !== undefined && kind !== 'model') {
    throw invalidGguf(file.path, `it holds a ${JSON.stringify(kind)}, not a model`);
  }
  if (file.tensors.length === 0) throw invalidGguf(file.path, 'it has a header but no weights');
  const key = (name: string) => `${architecture}.${name}`;
  const nHead = positive(file, key('attention.head_count'), most.width) ?? 1;
  const nEmbd = required(file, key('embedding_length'), most.width);
  const headLength = Math.floor(nEmbd / nHead);
  return {
    architecture,
    name: text(file, 'general.name'),
    license: text(file, 'general.license'),
    parameterCount: sum(file.tensors.map(({ shape }) => shape.reduce((product, size) => product * size, 1))),
    weightBytes: sum(file.tensors.map(({ bytes }) => bytes)),
    quantization: mainType(file),
    contextLength: required(file, key('context_length'), most.context),
    vocabSize: vocabSize(file, key('vocab_size')),
    nLayer: required(file, key('block_count'), most.layers),
    nEmbd,
    nHead,
    nHeadKv: positive(file, key('attention.head_count_kv'), most.width) ?? nHead,
    nFf: positive(file, key('feed_forward_length'), most.width) ?? 4 * nEmbd,
    keyLength: positive(file, key('attention.key_length'), most.width) ?? headLength,
    valueLength: positive(file, key('attention.value_length'), most.width) ?? headLength,
    chatTemplate: text(file, 'tokenizer.chat_template'),
    split: splitOf(file),
  };
}

/** Which part of a split model a file is. Parts after the first carry little else. */
export function splitOf(file: GgufFile): Split {
  return {
    index: number(file, 'split.no') ?? 0,
    count: number(file, 'split.count') ?? 1,
    tensorCount: number(file, 'split.tensors.count'),
  };
}

function text(file: GgufFile, key: string): string | undefined {
  const entry = file.metadata.get(key);
  return entry?.type === 'string' ? entry.value : undefined;
}

/** A number, or the largest of an array of them (some models give one value a layer). */
function number(file: GgufFile, key: string): number | undefined {
  const entry = file.metadata.get(key);
  if (entry === undefined || entry.type === 'string' || entry.type === 'bool') return undefined;
  if (entry.type !== 'array') return Number(entry.value);
  return entry.value.length === 0 || entry.of === 'string' ? undefined : largest(entry);
}

function largest(entry: Extract<GgufValue, { type: 'array' }>): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const value of entry.value) found = Math.max(found, Number(value));
  return found;
}

/** @throws when it is there and makes no sense. */
function positive(file: GgufFile, key: string, atMost: number): number | undefined {
  const value = number(file, key);
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || value < 1 || value > atMost) {
    throw invalidGguf(file.path, `${key} is ${value}, expected 1 to ${atMost}`);
  }
  return value;
}

function required(file: GgufFile, key: string, atMost: number): number {
  const value = positive(file, key, atMost);
  if (value === undefined) throw invalidGguf(file.path, `it has no ${key}`);
  return value;
}

function vocabSize(file: GgufFile, key: string): number {
  const tokens = file.metadata.get('tokenizer.ggml.tokens');
  if (tokens?.type === 'array' && tokens.of === 'string') return tokens.value.length;
  return required(file, key, most.width);
}

function mainType(file: GgufFile): string {
  const bytes = new Map<string, number>();
  for (const { type, bytes: size } of file.tensors) bytes.set(type.name, (bytes.get(type.name) ?? 0) + size);
  return [...bytes].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
