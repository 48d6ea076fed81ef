import { expect, test } from 'vitest';
import { keepPreset, listPresets } from './presets.ts';
import { openStore } from './store/store.ts';

const settings = { sampling: { temperature: 0.2 }, maxTokens: 9, stop: ['x'], systemPrompt: 's' };
const preset = { engineId: 'gpt', modelId: 'gpt', settings };

test('kept under a name, replaced, removed', () => {
  using store = openStore(':memory:');
  keepPreset(store, 'b', preset);
  keepPreset(store, 'a', { ...preset, engineId: 'mlp' });
  keepPreset(store, 'b', { ...preset, modelId: 'other' });
  expect([...listPresets(store)]).toEqual([
    ['a', { ...preset, engineId: 'mlp' }],
    ['b', { ...preset, modelId: 'other' }],
  ]);
  keepPreset(store, 'a', undefined);
  expect([...listPresets(store).keys()]).toEqual(['b']);
});

test('a name is a name', () => {
  using store = openStore(':memory:');
  for (const name of ['', '-a', 'a b', 'a'.repeat(51), '__proto__', 'x\u202ey'])
    expect(() => keepPreset(store, name, preset), name).toThrow('is no name');
  keepPreset(store, 'constructor', preset);
  keepPreset(store, 'Über-2.0', preset);
  expect([...listPresets(store).keys()]).toEqual(['constructor', 'Über-2.0'].sort());
});

test('what cannot be read is left out, and not lost', () => {
  using store = openStore(':memory:');
  store.setSetting('presets', { later: { engineId: 1 }, wrong: null });
  keepPreset(store, 'mine', preset);
  expect([...listPresets(store).keys()]).toEqual(['mine']);
  expect(store.getSetting('presets')).toHaveProperty('later');
});
