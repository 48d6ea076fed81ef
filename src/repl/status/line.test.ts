import { expect, test } from 'vitest';
import type { EngineInfo } from '../../engines/engine.ts';
import { width } from '../terminal/cells.ts';
import { statusLine } from './line.ts';
import { initialStatus, type Status, type StatusAction, statusReducer } from './reducer.ts';

const info: EngineInfo = {
  id: 'llama',
  modelId: 'smollm2-135m-instruct',
  kind: 'chat',
  capabilities: new Set(['chat']),
  parameterCount: 134_515_008,
  contextLength: 8192,
  vocabSize: 49_152,
};
const usage = { promptTokens: 40, generatedTokens: 60, firstTokenMs: 10, tokensPerSecond: 203.4 };

const after = (...actions: StatusAction[]): Status =>
  actions.reduce(statusReducer, initialStatus('llama', 'smollm2-135m-instruct'));

test('engine, size, speed and context, as far as there is room', () => {
  const status = after({ type: 'loaded', info }, { type: 'finish', usage });
  expect(statusLine(status, 120)).toBe(
    'llama smollm2-135m-instruct · 134,515,008 parameters · 203 tokens/s · context 100/8.2k',
  );
  expect(statusLine(status, 60)).toBe('llama · 135M params · 203 tok/s · 100/8.2k');
  expect(statusLine(status, 32)).toBe('llama · 135M params · 203 tok/s');
  for (let columns = 1; columns < 100; columns++)
    expect(width(statusLine(status, columns))).toBeLessThanOrEqual(columns);
});

test('loading shows how far it is, and gives way when it ends', () => {
  const progress = { message: 'Reading the weights', fraction: 0.42 };
  const loading = after({ type: 'engine-event', event: { type: 'load-progress', progress } });
  expect(statusLine(loading, 80)).toBe('llama smollm2-135m-instruct · Reading the weights 42%');
  const failed = statusReducer(loading, { type: 'load-failed' });
  expect(statusLine(failed, 80)).toBe('llama smollm2-135m-instruct');
});

test('another engine starts with figures of its own; the same one keeps them', () => {
  const status = after({ type: 'loaded', info }, { type: 'finish', usage });
  const same = { type: 'session', engineId: 'llama', modelId: info.modelId, info } as const;
  expect(statusReducer(status, same).tokensPerSecond).toBe(203.4);
  const other = { ...same, engineId: 'mlp', modelId: 'mlp', info: undefined };
  expect(statusReducer(status, other)).toMatchObject({ tokensPerSecond: undefined, info: undefined });
});

test('a name from outside cannot send escape sequences', () => {
  expect(statusLine(initialStatus('llama', 'x\x1b[2J\u202ey'), 80)).toBe('llama xy');
});
