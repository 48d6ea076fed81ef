/** The numbers behind the pictures of the shipped models, against the same numbers worked out another way. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { InspectReport, InspectView } from '../engines/engine.ts';
import { createEngineClient } from '../engines/host/client.ts';
import type { EngineClient } from '../engines/host/types.ts';
import { enginesWith } from '../engines/registry.ts';
import { sharedDataFolder, shippedModels } from '../paths.ts';
import { readLossCurve } from './loss-curve.ts';
import { countBins } from './statistics.ts';

type Report<Type extends InspectReport['type']> = Extract<InspectReport, { type: Type }>;

const clients = new Map<string, EngineClient>();
afterAll(() => Promise.all([...clients.values()].map((client) => client[Symbol.asyncDispose]())));

/** One process an engine, for all tests. */
function clientOf(engine: string): EngineClient {
  const client =
    clients.get(engine) ??
    createEngineClient({ engine, model: { id: engine, path: path.join(shippedModels, engine) } });
  clients.set(engine, client);
  return client;
}

async function look<Type extends InspectReport['type']>(engine: string, view: InspectView, _type: Type) {
  return (await clientOf(engine).inspect(view)) as Report<Type>;
}

/** A safetensors file read by hand: 8 bytes of length, a JSON header, the data. */
function readTensor(engine: string, name: string) {
  const bytes = readFileSync(path.join(shippedModels, engine, 'weights.safetensors'));
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength));
  const { shape, data_offsets } = header[name];
  const [from, to] = data_offsets.map((offset: number) => 8 + headerLength + offset);
  const values = Array.from({ length: (to - from) / 4 }, (_, i) => bytes.readFloatLE(from + i * 4));
  return { shape: shape as number[], values };
}

function tensorNames(engine: string): string[] {
  const bytes = readFileSync(path.join(shippedModels, engine, 'weights.safetensors'));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0))));
  return Object.keys(header)
    .filter((name) => name !== '__metadata__')
    .sort();
}

const names = path.join(sharedDataFolder() ?? '', 'names.txt');

test.skipIf(sharedDataFolder() === undefined)(
  'the heat map of bigram-count holds the counts of names.txt (which is not beside every checkout)',
  async () => {
    const { rowLabels, values, cellLabels } = await look('bigram-count', { type: 'heatmap' }, 'matrix');
    const counts = new Map<string, number>();
    for (const name of readFileSync(names, 'utf8').split('\n').filter(Boolean)) {
      const whole = `.${name}.`;
      for (let i = 1; i < whole.length; i++) {
        const pair = whole.slice(i - 1, i + 1);
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    for (const [r, before] of rowLabels.entries()) {
      const row = rowLabels.map((after) => counts.get(before + after) ?? 0);
      const sum = row.reduce((a, b) => a + b);
      expect(cellLabels?.slice(r * 27, (r + 1) * 27)).toEqual(row.map(String));
      for (const [c, count] of row.entries()) expect(values[r * 27 + c]).toBeCloseTo(count / sum, 6);
    }
  },
);

test('the heat map of bigram-grad is the softmax of its weights', async () => {
  const { values } = await look('bigram-grad', { type: 'heatmap' }, 'matrix');
  const { values: logits } = readTensor('bigram-grad', 'weight');
  for (let r = 0; r < 27; r++) {
    const powers = logits.slice(r * 27, (r + 1) * 27).map(Math.exp);
    const sum = powers.reduce((a, b) => a + b);
    for (const [c, power] of powers.entries()) expect(values[r * 27 + c]).toBeCloseTo(power / sum, 5);
  }
});

test.each([
  ['mlp', 'embedding'],
  ['wavenet', 'embedding.weight'],
])('the similarity of %s is the ReLU of the cosine of its embedding', async (engine, name) => {
  const report = await look(engine, { type: 'similarity' }, 'matrix');
  const { shape, values } = readTensor(engine, name);
  const [count = 0, width = 0] = shape;
  const vector = (i: number) => values.slice(i * width, (i + 1) * width);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const [a, b] = [vector(i), vector(j)];
      const dot = a.reduce((sum, value, k) => sum + value * b[k]!, 0);
      const cosine = dot / Math.hypot(...a) / Math.hypot(...b);
      expect(report.values[i * count + j]).toBeCloseTo(Math.max(0, cosine), 5);
    }
  }
});

test.each(['bigram-count', 'bigram-grad', 'mlp', 'wavenet'])(
  'the parts of %s hold all its parameters',
  async (engine) => {
    const { nodes } = await look(engine, { type: 'topology' }, 'graph');
    const { parameterCount } = JSON.parse(
      readFileSync(path.join(shippedModels, engine, 'model.json'), 'utf8'),
    );
    expect(nodes.reduce((sum, node) => sum + (node.parameterCount ?? 0), 0)).toBe(parameterCount);
  },
);

test('the parts of the WaveNet are those of a tree over eight letters', async () => {
  const { nodes } = await look('wavenet', { type: 'topology' }, 'graph');
  const [letters, embedding, hidden] = [27, 20, 200];
  // A linear layer over a pair, its bias, and scale and shift of the batch norm.
  const level = (width: number) => 2 * width * hidden + 3 * hidden;
  expect(nodes.map(({ shape, parameterCount = 0 }) => [shape, parameterCount])).toEqual([
    ['8', 0],
    ['8 × 20', letters * embedding],
    ['4 × 200', level(embedding)],
    ['2 × 200', level(hidden)],
    ['1 × 200', level(hidden)],
    ['27', hidden * letters + letters],
  ]);
});

test.each(['bigram-grad', 'mlp', 'wavenet'])(
  'the histograms of %s are over every number in its file, each in one bin',
  async (engine) => {
    const report = await look(engine, { type: 'weights' }, 'histogram');
    const names = tensorNames(engine);
    expect(report.series.map(({ name }) => name).sort()).toEqual(names);
    for (const { name, shape, values } of report.series) {
      const tensor = readTensor(engine, name);
      expect([[...shape], [...values]]).toEqual([tensor.shape, tensor.values]);
      const [low, high] = [Math.min(...tensor.values), Math.max(...tensor.values)];
      const bins = countBins(values, 20);
      const width = (high - low) / 20;
      for (const [bin, count] of bins.entries()) {
        const [from, to] = [low + bin * width, low + (bin + 1) * width];
        const inside = tensor.values.filter((v) => v >= from - 1e-6 && (v < to + 1e-6 || bin === 19)).length;
        const surely = tensor.values.filter((v) => v >= from + 1e-6 && (v < to - 1e-6 || bin === 19)).length;
        expect(count).toBeGreaterThanOrEqual(surely);
        expect(count).toBeLessThanOrEqual(inside);
      }
      expect(bins.reduce((a, b) => a + b)).toBe(values.length);
    }
  },
);

test.each(['mlp', 'wavenet'])('the curves of %s are the losses in its log', async (engine) => {
  const folder = path.join(shippedModels, engine);
  const { series } = await readLossCurve(engine, { id: engine, path: folder });
  const lines = readFileSync(path.join(folder, 'log.jsonl'), 'utf8').trim().split('\n');
  const events = lines.map((line) => JSON.parse(line));
  const val = events.filter(({ event }) => event === 'eval');
  expect(series.find(({ name }) => name === 'val')?.points).toEqual(
    val.map(({ step, valLoss }) => ({ step, loss: valLoss })),
  );
  const train = events.filter(({ event }) => event === 'step');
  const { points } = series.find(({ name }) => name === 'train')!;
  expect(points.length).toBeLessThanOrEqual(200);
  // Each point is the mean of its neighbours; all in all nothing is lost.
  const size = Math.ceil(train.length / 200);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  for (const [i, { step, loss }] of points.entries()) {
    const part = train.slice(i * size, (i + 1) * size);
    expect(step).toBeCloseTo(mean(part.map((line) => line.step)), 6);
    expect(loss).toBeCloseTo(mean(part.map((line) => line.trainLoss)), 10);
  }
  expect(points.length).toBe(Math.ceil(train.length / size));
});

test('the registry knows which views the shipped small engines answer', async () => {
  for (const engine of ['bigram-count', 'mlp', 'wavenet']) {
    const client = clientOf(engine);
    for (const type of ['heatmap', 'similarity', 'weights', 'topology'] as const) {
      const answered = await client.inspect({ type }).then(
        () => true,
        () => false,
      );
      expect([engine, type, answered]).toEqual([engine, type, enginesWith(type).includes(engine)]);
    }
  }
});
