import { expect, test } from 'vitest';
import { hyperOf, numberFlag, parseFlags } from './flags.ts';

test('words and flags, in any order, quotes keeping spaces', () => {
  const { words, flags } = parseFlags(
    'gpt --on "my text.txt" --lora patience=0 --steps 5',
    ['on', 'steps'],
    ['lora'],
  );
  expect(words).toEqual(['gpt', 'patience=0']);
  expect(Object.fromEntries(flags)).toEqual({ on: 'my text.txt', lora: '', steps: '5' });
});

test('mistakes are told by name', () => {
  expect(() => parseFlags('gpt --onn x', ['on'], [])).toThrow(/no --onn here/);
  expect(() => parseFlags('gpt --on', ['on'], [])).toThrow(/--on needs a value/);
  const parsed = parseFlags('--steps many --lr 0.1', ['steps', 'lr'], []);
  expect(() => numberFlag(parsed, 'steps', 1)).toThrow(/--steps takes a number from 1 up, not "many"/);
  expect(numberFlag(parsed, 'lr', 0)).toBe(0.1);
  expect(numberFlag(parsed, 'seed', 0)).toBeUndefined();
});

test('hyper-parameters are numbers, switches or texts', () => {
  expect(hyperOf(['a=1e-3', 'b=false', 'c=muon'])).toEqual({ a: 0.001, b: false, c: 'muon' });
  expect(() => hyperOf(['stray'])).toThrow(/"stray" is not understood/);
});
