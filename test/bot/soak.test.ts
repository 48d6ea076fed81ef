import { expect, test } from 'vitest';
import { crowd } from './soak/crowd.ts';
import { faults } from './soak/faults.ts';
import { memory } from './soak/memory.ts';

/** The short form of `npm run soak:bot`: what must hold exactly is asserted, what was measured is only printed. */
const print = (figures: object) => process.stdout.write(`${JSON.stringify(figures)}\n`);

test('many people on two slots: every request gets exactly one answer or one refusal', async () => {
  const figures = await crowd({ people: 40, questions: 1, pauseMs: 300, answerMs: 60 });
  print(figures);
  expect(figures).toMatchObject({ asked: 40, lost: 0, doubled: 0, invalid: 0 });
  expect(figures.answered + figures.refused).toBe(40);
}, 180_000);

test('fault after fault of the gateway, events doubled: nothing is lost or doubled', async () => {
  const figures = await faults({ faults: 12 });
  print(figures);
  expect(figures).toMatchObject({ asked: 12, answered: 12, lost: 0, doubled: 0 });
}, 180_000);

test('a mix of interactions: each is acknowledged', async () => {
  const figures = await memory({ interactions: 64 });
  print(figures);
  expect(figures.acknowledged).toBe(64);
}, 180_000);
