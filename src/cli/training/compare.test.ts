import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRun, runFiles } from '../../training/run-folder.ts';
import { compareAsPicture, compareAsText, readRuns } from './compare.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'babble-compare-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A run with evaluations at every tenth step, or with steps only. */
async function makeRun(losses: readonly number[], seed: number, event: 'eval' | 'step'): Promise<string> {
  const run = await createRun(
    {
      model: 'mlp',
      recipe: 'best',
      seed,
      hyper: {},
      checkpointSeconds: 30,
      samples: false,
      createdAt: `2026-11-24T12:00:0${seed}.000Z`,
    },
    folder,
  );
  for (const [i, loss] of losses.entries()) {
    const at = { step: 10 * (i + 1), epoch: i, seconds: i };
    const line =
      event === 'eval'
        ? { event, ...at, valLoss: loss, best: true }
        : { event, ...at, trainLoss: loss, learningRate: 1, tokensPerSecond: 1, rss: 1 };
    await appendFile(runFiles(run).log, `${JSON.stringify(line)}\n`);
  }
  return run;
}

test('two runs over each other, as text and as a picture', async () => {
  const runs = await readRuns([await makeRun([3, 2.5, 2.25], 1, 'eval'), await makeRun([3, 2], 2, 'step')]);
  const text = compareAsText(runs, 80);
  expect(text).toMatch(/a .*mlp-best.* 1 .*val .*2\.2500/);
  expect(text).toMatch(/b .*mlp-best.* 2 .*train/);
  const { marks, description } = compareAsPicture(runs);
  expect(description).toContain('best validation loss 2.2500');
  const lines = marks.filter((mark) => mark.type === 'line' && mark.thickness === undefined);
  expect(lines.map((line) => (line.type === 'line' ? line.points.length : 0))).toEqual([3, 2]);
});

test('one run, or one that is not there, is refused', async () => {
  const run = await makeRun([3], 1, 'eval');
  await expect(readRuns([run])).rejects.toMatchObject({ code: 'USAGE' });
  await expect(readRuns([run, 'nowhere'])).rejects.toMatchObject({ code: 'USAGE' });
});
