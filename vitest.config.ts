import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'src/**/*.test.{ts,tsx}',
      'test/**/*.test.{ts,tsx}',
      'scripts/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    // TensorFlow's native addon crashes in worker threads: tests run in processes of their own.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Tests drive real processes, terminals and sockets. On a shared CI machine one that fails is tried again once;
    // the reporter marks it (retry x1), so a race stays visible. Elsewhere a test must pass at once.
    retry: process.env['CI'] ? 1 : 0,
    reporters: ['default', './scripts/summary-reporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.{ts,tsx}'],
      exclude: ['src/**/*.test.{ts,tsx}', 'src/**/*.contract.ts'],
    },
  },
});
