import { afterEach, expect, test, vi } from 'vitest';
import { run as audit } from './audit.ts';
import { run as evaluate } from './eval.ts';

let written = '';
vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
  written += text;
  return true;
});
afterEach(() => {
  written = '';
});

test('an audit of the counted bigrams: the same at the same seed, names known and new', async () => {
  expect(await audit(['bigram-count', '--samples', '60', '--json'])).toBe(0);
  const first = JSON.parse(written);
  expect(first).toMatchObject({ model: 'bigram-count', seed: 1337, count: 60, unit: 'name' });
  expect(first.samples.units).toBe(60);
  expect(first.samples.known + first.samples.fresh).toBeCloseTo(1, 6);
  expect(first.samples.known).toBeGreaterThan(0);
  // It counted all names: there is no text that it has not seen.
  expect(first.heldOut).toBeUndefined();
  written = '';
  await audit(['bigram-count', '--samples', '60', '--json']);
  expect(JSON.parse(written)).toEqual(first);
});

test('an evaluation with its standard error', async () => {
  expect(await evaluate(['bigram-count', '--seeds', '2'])).toBe(0);
  expect(written).toMatch(/^bigram-count: 729 parameters\nsplit +loss +± +perplexity +tokens\n/);
  expect(written).toMatch(/train +2\.4540 +0\.00\d\d/);
});
