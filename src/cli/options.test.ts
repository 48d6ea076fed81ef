import { expect, test } from 'vitest';
import { addSamplingOptions, createCommand, samplingFrom } from './options.ts';

function parse(...args: string[]) {
  const command = addSamplingOptions(createCommand('test', ''));
  command.configureOutput({ writeErr: () => {} }).parse(args, { from: 'user' });
  return samplingFrom(command.opts());
}

test('sampling flags come out under the engine interface’s names, absent ones stay absent', () => {
  expect(parse('--seed', '1337', '--top-k', '40', '--min-p', '0.05', '--multinomial', 'torch2')).toEqual({
    seed: 1337,
    topK: 40,
    minP: 0.05,
    multinomial: 'torch2',
  });
});

test.each([
  [['--top-p', '1.5']],
  [['--temperature', 'hot']],
  [['--seed', '-1']],
  [['--seed', '1.5']],
  [['--top-k', '']],
  [['--multinomial', 'torch3']],
])('%j is refused', (args) => {
  expect(() => parse(...args)).toThrow(/Expected/);
});
