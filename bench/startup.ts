/**
 * How long a person waits: `babble --version`, and `npm start` to the first prompt, the second time.
 *
 *     node bench/startup.ts [runs]
 *
 * Prints the median and the range of each. `npm start` runs in a pseudo-terminal, set up beforehand.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from '@lydell/node-pty';

const root = path.resolve(import.meta.dirname, '..');
const runs = Number(process.argv[2] ?? 7);
const limitMs = 30_000;
const prompt = '›';

await report('babble --version', () => {
  const started = performance.now();
  spawnSync(process.execPath, [path.join(root, 'bin', 'babble.mjs'), '--version']);
  return Promise.resolve(performance.now() - started);
});
await report('npm start → prompt', timeToPrompt);

async function report(what: string, measure: () => Promise<number>): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < runs; i += 1) times.push(await measure());
  times.sort((a, b) => a - b);
  const middle = times[Math.floor(times.length / 2)]!;
  const range = `${times[0]!.toFixed(0)}–${times.at(-1)!.toFixed(0)}`;
  console.log(`${what}: ${middle.toFixed(0)} ms (median of ${runs}, ${range})`);
}

async function timeToPrompt(): Promise<number> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'babble-startup-'));
  const started = performance.now();
  const terminal = spawn('npm', ['start'], {
    cwd: root,
    cols: 80,
    rows: 24,
    env: { ...process.env, BABBLE_HOME: home },
  });
  const ended = new Promise((resolve) => terminal.onExit(resolve));
  try {
    return await new Promise<number>((resolve, reject) => {
      let seen = '';
      const timer = setTimeout(() => reject(new Error(`No prompt after ${limitMs} ms:\n${seen}`)), limitMs);
      terminal.onData((text) => {
        seen += text;
        if (!seen.includes(prompt)) return;
        clearTimeout(timer);
        resolve(performance.now() - started);
      });
    });
  } finally {
    terminal.kill('SIGKILL');
    await ended;
    fs.rmSync(home, { recursive: true, force: true });
  }
}
