/**
 * Attention maps and logit lenses of the shipped gpt and tiny-llama, against forward passes written here in plain
 * loops from the papers, over the weights' bytes.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InspectReport, InspectView } from '../engines/engine.ts';
import { createEngineClient } from '../engines/host/client.ts';
import { shippedModels } from '../paths.ts';

type Rows = Float64Array[]; // (T, C)
type Tensors = (name: string) => Float64Array;

interface Seen {
  /** After the embedding and after each layer. */
  readonly streams: Rows[];
  /** By layer and head: (T, T). */
  readonly attention: number[][][][];
}

const [heads, width, layers] = [6, 384, 6];
const depth = width / heads;

function readHalf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

function openWeights(model: string): Tensors {
  const bytes = readFileSync(path.join(shippedModels, model, 'weights.safetensors'));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start));
  return (name) => {
    const { dtype, data_offsets: offsets } = header[name];
    const [from, to] = offsets.map((offset: number) => start + offset);
    const size = dtype === 'F16' ? 2 : 4;
    return Float64Array.from({ length: (to - from) / size }, (_, i) =>
      dtype === 'F16' ? readHalf(bytes.readUInt16LE(from + i * 2)) : bytes.readFloatLE(from + i * 4),
    );
  };
}

const sum = (values: Iterable<number>) => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};
const dot = (a: Float64Array, b: Float64Array) => sum(a.map((value, i) => value * b[i]!));
const add = (a: Rows, b: Rows): Rows => a.map((row, t) => row.map((value, i) => value + b[t]![i]!));
const softmax = (values: readonly number[]) => {
  const powers = values.map((value) => Math.exp(value - Math.max(...values)));
  return powers.map((power) => power / sum(powers));
};

/** x Wᵀ + b, W (out, in). */
function linear(x: Rows, weight: Float64Array, bias?: Float64Array): Rows {
  return x.map((row) => {
    const out = weight.length / row.length;
    return Float64Array.from({ length: out }, (_, o) => {
      let value = bias?.[o] ?? 0;
      for (let i = 0; i < row.length; i++) value += weight[o * row.length + i]! * row[i]!;
      return value;
    });
  });
}

function layerNorm(x: Rows, weight: Float64Array, bias: Float64Array): Rows {
  return x.map((row) => {
    const mean = sum(row) / row.length;
    const variance = sum(row.map((value) => (value - mean) ** 2)) / row.length;
    return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[i]! + bias[i]!);
  });
}

function rmsNorm(x: Rows, weight: Float64Array): Rows {
  return x.map((row) => {
    const scale = 1 / Math.sqrt(dot(row, row) / row.length + 1e-5);
    return row.map((value, i) => value * scale * weight[i]!);
  });
}

/** Every head's attention over what came before, and the values it mixes. */
function attend(q: Rows, k: Rows, v: Rows): { maps: number[][][]; mixed: Rows } {
  const part = (row: Float64Array, head: number) => row.subarray(head * depth, (head + 1) * depth);
  const maps = Array.from({ length: heads }, (_, head) =>
    q.map((row, t) => {
      const scores = k.slice(0, t + 1).map((key) => dot(part(row, head), part(key, head)) / Math.sqrt(depth));
      return [...softmax(scores), ...Array<number>(q.length - t - 1).fill(0)];
    }),
  );
  const mixed = q.map((_, t) =>
    Float64Array.from({ length: width }, (_, c) => {
      const map = maps[Math.floor(c / depth)]![t]!;
      return sum(v.map((value, s) => map[s]! * value[c]!));
    }),
  );
  return { maps, mixed };
}

/** Pairs of neighbours turn by their position. */
function rotate(x: Rows): Rows {
  return x.map((row, position) =>
    row.map((value, c) => {
      const pair = Math.floor((c % depth) / 2);
      const angle = position / 10_000 ** ((2 * pair) / depth);
      const other = c % 2 === 0 ? -row[c + 1]! : row[c - 1]!;
      return value * Math.cos(angle) + other * Math.sin(angle);
    }),
  );
}

function embed(table: Float64Array, tokenIds: readonly number[]): Rows {
  return tokenIds.map((id) => table.slice(id * width, (id + 1) * width));
}

function runGpt(w: Tensors, tokenIds: readonly number[]): Seen {
  let x = add(embed(w('tokens.weight'), tokenIds), embed(w('positions.weight'), [...tokenIds.keys()]));
  const seen: Seen = { streams: [x], attention: [] };
  for (let layer = 0; layer < layers; layer++) {
    const b = (name: string) => w(`blocks.${layer}.${name}`);
    const qkv = linear(layerNorm(x, b('norm1.weight'), b('norm1.bias')), b('attention.qkv.weight'));
    const third = (i: number) => qkv.map((row) => row.slice(i * width, (i + 1) * width));
    const { maps, mixed } = attend(third(0), third(1), third(2));
    x = add(x, linear(mixed, b('attention.project.weight'), b('attention.project.bias')));
    const h = layerNorm(x, b('norm2.weight'), b('norm2.bias'));
    const wide = linear(h, b('feedForward.expand.weight'), b('feedForward.expand.bias'));
    const kept = wide.map((row) => row.map((value) => Math.max(0, value)));
    x = add(x, linear(kept, b('feedForward.project.weight'), b('feedForward.project.bias')));
    seen.streams.push(x);
    seen.attention.push(maps);
  }
  return seen;
}

function runLlama(w: Tensors, tokenIds: readonly number[]): Seen {
  let x = embed(w('model.embed_tokens.weight'), tokenIds);
  const seen: Seen = { streams: [x], attention: [] };
  for (let layer = 0; layer < layers; layer++) {
    const b = (name: string) => w(`model.layers.${layer}.${name}.weight`);
    const h = rmsNorm(x, b('input_layernorm'));
    const [q, k, v] = ['q', 'k', 'v'].map((name) => linear(h, b(`self_attn.${name}_proj`))) as [
      Rows,
      Rows,
      Rows,
    ];
    const { maps, mixed } = attend(rotate(q), rotate(k), v);
    x = add(x, linear(mixed, b('self_attn.o_proj')));
    const h2 = rmsNorm(x, b('post_attention_layernorm'));
    const [gate, up] = [linear(h2, b('mlp.gate_proj')), linear(h2, b('mlp.up_proj'))];
    const gated = gate.map((row, t) => row.map((value, i) => (value / (1 + Math.exp(-value))) * up[t]![i]!));
    x = add(x, linear(gated, b('mlp.down_proj')));
    seen.streams.push(x);
    seen.attention.push(maps);
  }
  return seen;
}

const engines = {
  gpt: {
    run: runGpt,
    head: (w: Tensors, x: Rows) =>
      linear(layerNorm(x, w('norm.weight'), w('norm.bias')), w('head.weight'), w('head.bias')),
  },
  'tiny-llama': {
    run: runLlama,
    head: (w: Tensors, x: Rows) => linear(rmsNorm(x, w('model.norm.weight')), w('lm_head.weight')),
  },
};

describe.each(Object.entries(engines))('%s', (engine, { run, head }) => {
  const prompt = 'To be,';
  const { vocabulary } = JSON.parse(readFileSync(path.join(shippedModels, engine, 'model.json'), 'utf8')) as {
    vocabulary: string[];
  };
  const w = openWeights(engine);
  const seen = run(
    w,
    Array.from(prompt, (character) => vocabulary.indexOf(character)),
  );

  const client = createEngineClient({
    engine,
    model: { id: engine, path: path.join(shippedModels, engine) },
  });
  beforeAll(() => client.load());
  afterAll(() => client[Symbol.asyncDispose]());
  const look = async (view: InspectView) =>
    (await client.inspect(view)) as Extract<InspectReport, { type: 'matrix' }>;

  test('the maps of attention are those of the papers’ formulas, whatever the layer and head', async () => {
    const places = [
      [0, 0],
      [2, 1],
      [5, 5],
    ] as const;
    for (const [layer, h] of places) {
      const report = await look({ type: 'attention', prompt, layer, head: h });
      expect(report.rowLabels).toEqual([...prompt]);
      const expected = seen.attention[layer]![h]!.flat();
      for (const [cell, value] of expected.entries()) expect(report.values[cell]).toBeCloseTo(value, 3);
    }
  });

  test('the lens says at each layer what the head makes of the stream there', async () => {
    const report = await look({ type: 'logit-lens', prompt });
    for (const [row, stream] of seen.streams.entries()) {
      for (const [t, logits] of head(w, stream).entries()) {
        const probabilities = softmax([...logits]);
        const best = Math.max(...probabilities);
        const cell = row * prompt.length + t;
        expect(report.values[cell]).toBeCloseTo(best, 2);
        expect(probabilities[vocabulary.indexOf(report.cellLabels![cell]!)]).toBeCloseTo(best, 2);
      }
    }
  });
});
