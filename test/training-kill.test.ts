/**
 * Runs killed with SIGKILL at random moments. `BABBLE_KILLS` says how often (default 3); `npm run test:kill`
 * does it 50 times.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCheckpoint } from '../src/training/checkpoint.ts';
import { train } from '../src/training/client.ts';
import type { TrainingEvent, TrainingOutcome } from '../src/training/events.ts';
import { resolveRunConfig } from '../src/training/run-config.ts';
import { createRun } from '../src/training/run-folder.ts';
import { loadTask } from '../src/training/tasks.ts';

const kills = Number(process.env['BABBLE_KILLS'] ?? 3);
const fixture = fileURLToPath(new URL('./fixtures/train-run.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'babble-kill-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A small wavenet run with everything on: AdamW, dropout, EMA. */
async function newRun(steps: number): Promise<string> {
  const dataFile = path.join(folder, 'names.txt');
  const syllables = ['an', 'be', 'ci', 'do', 'el', 'fi', 'ga'];
  const names = syllables.flatMap((a) => syllables.flatMap((b) => [`${a}${b}`, `${a}${b}a`, `${b}l${a}`]));
  await writeFile(dataFile, names.join('\n'));
  const hyper = { batchSize: 16, evalEvery: 50, patience: 0, dropoutHidden: 0.1, emaDecay: 0.9 };
  const request = {
    recipe: 'best',
    steps,
    hyper,
    dataFile,
    checkpointSeconds: 0.05,
    samples: false,
  } as const;
  return createRun(resolveRunConfig(await loadTask('wavenet'), request), path.join(folder, 'runs'));
}

interface Ended {
  readonly outcome?: TrainingOutcome;
}

/** Starts the run's process and its training process in a group of their own; the caller may kill the group. */
function startProcess(run: string): { child: ChildProcess; ready: Promise<unknown>; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [fixture, run], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! });
  let outcome: TrainingOutcome | undefined;
  const ready = new Promise((resolve) => {
    lines.on('line', (line) => {
      const event = JSON.parse(line) as TrainingEvent | { type: 'outcome'; outcome: TrainingOutcome };
      if (event.type === 'outcome') outcome = event.outcome;
      if (event.type === 'ready') resolve(event);
    });
    child.once('exit', resolve);
  });
  const ended = once(child, 'close').then(() => (outcome ? { outcome } : {}));
  return { child, ready, ended };
}

test(`a run killed ${kills} times ends with the same loss as one never killed`, async () => {
  const steps = 100 * kills;
  const signal = new AbortController().signal;
  const straight = await newRun(steps);
  const expected = await train({ folder: straight, signal, onEvent: () => {} });

  const run = await newRun(steps);
  let killed = 0;
  let outcome: TrainingOutcome | undefined;
  while (!outcome) {
    const { child, ready, ended } = startProcess(run);
    if (killed < kills) {
      // Most kills hit the training, some the start.
      if (Math.random() < 0.8) await ready;
      await sleep(Math.random() * 500);
      if (child.exitCode === null) {
        process.kill(-child.pid!, 'SIGKILL');
        killed += 1;
      }
    }
    outcome = (await ended).outcome;
  }
  expect(killed).toBeGreaterThan(0);
  process.stderr.write(`killed ${killed} times; loss ${outcome.losses!['val']}\n`);
  expect({ ...outcome, modelFolder: '' }).toEqual({ ...expected, modelFolder: '' });
  expect((await readCheckpoint(run))!.state).toEqual((await readCheckpoint(straight))!.state);
}, 900_000);
