import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Terminal } from '@xterm/headless';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drawChart } from '../../pictures/chart.ts';
import { formatDuration } from '../../pictures/numbers.ts';
import type { TrainingEvent } from '../../training/events.ts';
import { checkRequest, parseSetting, readRequestFile } from './request.ts';
import { createView } from './view.ts';

const progress = (step: number, trainLoss = 3 - step / 100): TrainingEvent => ({
  type: 'progress',
  step,
  steps: 100,
  progress: step / 100,
  epoch: step / 50,
  trainLoss,
  learningRate: 0.1,
  gradNorm: 1.25,
  utilisation: 0.42,
  tokensPerSecond: 12_345,
  secondsLeft: 75,
  rss: 300 * 2 ** 20,
});
const ready: TrainingEvent = {
  type: 'ready',
  model: 'wavenet',
  recipe: 'best',
  parameterCount: 175_767,
  resumedAt: 40,
};
const evaluation = (step: number): TrainingEvent => ({
  type: 'eval',
  step,
  split: 'val',
  valLoss: 2.5,
  best: true,
});

describe('chart', () => {
  test('a falling line goes from the upper left to the lower right, within its size', () => {
    const points = Array.from({ length: 100 }, (_, x) => [x, 3 - x / 100] as const);
    const lines = drawChart([{ points }], { width: 30, height: 4 });
    expect(lines).toHaveLength(4);
    for (const line of lines) expect([...line].length).toBe(30);
    expect(lines[0]).toMatch(/^3\.000 │[^⠀]/);
    expect(lines[3]).toMatch(/^2\.010 │⠀.*[^⠀]$/);
  });

  test('marks tell several curves apart; a single point and no point are fine', () => {
    const text = drawChart(
      [
        {
          points: [
            [0, 1],
            [1, 2],
          ],
          mark: 'a',
        },
        {
          points: [
            [0, 2],
            [1, 1],
          ],
          mark: 'b',
        },
      ],
      { width: 20, height: 3 },
    ).join('\n');
    expect(text.match(/a/g)).toHaveLength(2);
    expect(text.match(/b/g)).toHaveLength(2);
    expect(drawChart([{ points: [[5, 1]] }], { width: 20, height: 3 })).toHaveLength(3);
    expect(drawChart([{ points: [] }], { width: 20, height: 3 })).toEqual([]);
    expect(drawChart([{ points: [[0, Number.NaN]] }], { width: 20, height: 3 })).toEqual([]);
  });
});

describe('view', () => {
  function record(isTTY: boolean, columns = 80) {
    let text = '';
    const write = (piece: string) => {
      text += piece;
      return true;
    };
    const out = { isTTY, columns, write };
    return { out: out as Parameters<typeof createView>[0], text: () => text };
  }

  test('plain lines hold no escape sequences and not every step', () => {
    const { out, text } = record(false);
    const view = createView(out, {});
    view.show(ready);
    for (let step = 1; step <= 50; step++) view.show(progress(step));
    view.show(evaluation(50));
    view.show({ type: 'sample', step: 50, text: 'anna\x1b[31m\nben' });
    view.end();
    expect(text()).not.toContain('\x1b');
    expect(text().match(/^step \d+\/100/gm)).toHaveLength(1);
    expect(text()).toContain('wavenet, recipe best, 175,767 parameters, going on at step 40');
    expect(text()).toContain('norm 1.25  12,345 tokens/s  42 % of matMul limit');
    expect(text()).toContain('step 50  val loss 2.5000  best so far');
    expect(text()).toContain('    anna');
  });

  test.each([40, 80, 200])(
    'on a terminal of %i columns one picture stands, the evaluations above it',
    async (columns) => {
      const { out, text } = record(true, columns);
      const view = createView(out, { NO_COLOR: '1' });
      view.show(ready);
      for (let step = 1; step <= 60; step++) {
        view.show(progress(step));
        if (step % 20 === 0) view.show(evaluation(step));
      }
      view.end();
      expect(text()).not.toMatch(/\x1b\[\d+m/);
      const terminal = new Terminal({ cols: columns, rows: 40, allowProposedApi: true });
      await new Promise<void>((resolve) => terminal.write(text().replaceAll('\n', '\r\n'), resolve));
      const buffer = terminal.buffer.active;
      const lines = Array.from({ length: buffer.length }, (_, row) =>
        buffer.getLine(row)!.translateToString(true),
      );
      const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
      expect(count(/loss by step/)).toBe(1);
      expect(count(/step 60\/100/)).toBe(1);
      expect(count(/step 59\/100/)).toBe(0);
      expect(count(/val loss 2\.5000/)).toBe(3);
      expect(count(/60 %$/)).toBe(1);
      terminal.dispose();
    },
  );

  test('durations read well', () => {
    expect([4, 75, 3700, Number.POSITIVE_INFINITY].map(formatDuration)).toEqual([
      '4 s',
      '1 min 15 s',
      '1 h 1 min',
      '?',
    ]);
  });
});

describe('settings', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'babble-settings-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('TOML and JSON say the same', async () => {
    await writeFile(
      path.join(folder, 'a.toml'),
      'recipe = "best"\nsteps = 10\n[hyper]\nlearningRate = 0.01\n',
    );
    await writeFile(
      path.join(folder, 'a.json'),
      '{"recipe":"best","steps":10,"hyper":{"learningRate":0.01}}',
    );
    const [toml, json] = await Promise.all(
      ['a.toml', 'a.json'].map((name) => readRequestFile(path.join(folder, name))),
    );
    expect(toml).toEqual({ recipe: 'best', steps: 10, hyper: { learningRate: 0.01 } });
    expect(json).toEqual(toml);
  });

  test('mistakes are told by name', async () => {
    const file = path.join(folder, 'b.toml');
    await expect(readRequestFile(file)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await writeFile(file, 'steps = = 1');
    await expect(readRequestFile(file)).rejects.toMatchObject({ code: 'FILE_INVALID' });
    await writeFile(file, 'stepz = 1');
    await expect(readRequestFile(file)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      message: expect.stringContaining('stepz'),
    });
    expect(() => checkRequest({ recipe: 'worst' }, 'here')).toThrow(/here: recipe/);
  });

  test('--set reads numbers, booleans and texts', () => {
    expect(['a=1e-3', 'b=true', 'c=muon', 'd=x=y'].map(parseSetting)).toEqual([
      ['a', 0.001],
      ['b', true],
      ['c', 'muon'],
      ['d', 'x=y'],
    ]);
    expect(() => parseSetting('a')).toThrow(/name=value/);
  });
});
