import { expect, test } from 'vitest';
import { describeExit } from './exit-reason.ts';

const engine = 'llama';

test('the line that tells most is quoted', () => {
  const error = describeExit({
    engine,
    code: null,
    signal: 'SIGABRT',
    lastLines: ['loading', 'GGML_ASSERT(n > 0) failed', 'bye'],
  });
  expect(error.code).toBe('ENGINE_CRASHED');
  expect(error.message).toContain('SIGABRT (native code gave up)');
  expect(error.message).toContain('GGML_ASSERT(n > 0) failed');
});

test.each([
  'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  'std::bad_alloc',
])('out of memory is recognised: %s', (line) => {
  const error = describeExit({ engine, code: null, signal: 'SIGABRT', lastLines: [line, 'trace'] });
  expect(error.code).toBe('ENGINE_OUT_OF_MEMORY');
  expect(error.hint).toMatch(/smaller model/);
});

test('without output the exit code must do', () => {
  const error = describeExit({ engine, code: 7, signal: null, lastLines: [] });
  expect(error.message).toBe('The process of engine "llama" ended with exit code 7.');
});
