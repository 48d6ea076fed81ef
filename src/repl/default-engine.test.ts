import { expect, test } from 'vitest';
import { chooseEngine } from './default-engine.ts';

const of = (...ids: string[]) => ids.map((id) => ({ engineId: id, modelId: id }));

test('the engine last used, while its model is still there', () => {
  const last = { engineId: 'gpt', modelId: 'gpt' };
  expect(chooseEngine({ last, available: of('mlp', 'gpt') })?.engineId).toBe('gpt');
  expect(chooseEngine({ last, available: of('bigram-count', 'mlp') })?.engineId).toBe('mlp');
});

test('a first sitting begins with mlp, else bigram-count, else whatever there is', () => {
  expect(chooseEngine({ available: of('bigram-count', 'mlp') })?.engineId).toBe('mlp');
  expect(chooseEngine({ available: of('gpt', 'bigram-count') })?.engineId).toBe('bigram-count');
  expect(chooseEngine({ available: of('remote') })?.engineId).toBe('remote');
  expect(chooseEngine({ available: [] })).toBeUndefined();
});
