import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { audit } from './audit.ts';
import { longestPassage } from './longest-passage.ts';
import { hasNearDuplicate, oneEditAway } from './near-duplicates.ts';

/** By trying every passage. */
function slowlyLongest(sample: string, text: string): number {
  for (let length = sample.length; length > 0; length--) {
    for (let at = 0; at + length <= sample.length; at++) {
      if (text.includes(sample.slice(at, at + length))) return length;
    }
  }
  return 0;
}

function distance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let corner = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      row[j] = Math.min(above + 1, row[j - 1]! + 1, corner + (a[i - 1] === b[j - 1] ? 0 : 1));
      corner = above;
    }
  }
  return row[b.length]!;
}

const few = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });

describe('the longest passage', () => {
  test('is found with its place', () => {
    const text = 'Shall I compare thee to a summer’s day?';
    expect(longestPassage('… I compare these', text)).toEqual({ text: ' I compare the', at: 5 });
    expect(longestPassage('xyz', 'abc')).toEqual({ text: '', at: 0 });
    expect(longestPassage('', 'abc')).toEqual({ text: '', at: 0 });
  });

  test('is as long as trying everything finds', () => {
    fc.assert(
      fc.property(few, few, (sample, text) => {
        const { text: found, at } = longestPassage(sample, text);
        expect(found.length).toBe(slowlyLongest(sample, text));
        expect(sample).toContain(found);
        expect(text.slice(at, at + found.length)).toBe(found);
      }),
      { numRuns: 500 },
    );
  });
});

test('texts one edit away are those at distance 1', () => {
  const alphabet = ['a', 'b', 'c'];
  fc.assert(
    fc.property(few, few, (a, b) => {
      expect(hasNearDuplicate(a, new Set([b]), alphabet)).toBe(distance(a, b) === 1);
    }),
    { numRuns: 300 },
  );
  for (const other of oneEditAway('ab', alphabet)) expect(distance('ab', other)).toBe(1);
});

describe('an audit', () => {
  const names = Array.from(
    { length: 40 },
    (_, i) => `na${String.fromCharCode(97 + (i % 26))}${'xy'[i % 2]}${'pqrs'[i % 4]}`,
  );
  const text = [...new Set(names)].join('\n');
  const options = { dataset: 'names', text, trainedOnAll: true, count: 4, seed: 1 } as const;

  test('tells known names, near ones and new ones', async () => {
    const known = text.split('\n')[0]!;
    const model = { sample: () => [known, `${known}e`, 'zzzz', 'zzzz'] };
    const { unit, samples, heldOut } = await audit(model, options);
    expect({ unit, heldOut }).toEqual({ unit: 'name', heldOut: undefined });
    expect(samples).toMatchObject({ units: 4, distinct: 0.75, known: 0.25, near: 0.25, fresh: 0.75 });
    expect(samples.longestText).toBe(known);
  });

  test('held-out names that a model finds by itself are told apart from training names', async () => {
    const seen = { ...options, trainedOnAll: false };
    const whole = await audit({ sample: () => text.split('\n') }, seen);
    expect(whole.heldOut).toMatchObject({ known: 0, fresh: 1 });
    expect(whole.foundHeldOut! + whole.samples.known).toBeCloseTo(1, 6);
    expect(whole.foundHeldOut).toBeGreaterThan(0.1);
  });

  test('a text learnt by heart shows against held-out text', async () => {
    const line = (i: number) => `line ${i} says ${(i * 7919) % 1009} and ${(i * 104729) % 10007}\n`;
    const prose = Array.from({ length: 200 }, (_, i) => line(i)).join('');
    const found = await audit(
      { sample: () => [prose.slice(100, 400)] },
      { ...options, dataset: 'shakespeare', text: prose, trainedOnAll: false },
    );
    expect(found.unit).toBe('line');
    expect(found.samples).toMatchObject({ longest: 300, medianLongest: 300 });
    expect(found.samples.known).toBeGreaterThan(0.5);
    expect(found.heldOut!.known).toBe(0);
    expect(found.heldOut!.longest).toBeLessThan(60);
  });
});
