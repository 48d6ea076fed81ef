/**
 * What the terminal front end costs while an answer of 5,000 tokens streams at 200 a second:
 *   node bench/terminal.ts
 * Prints bytes sent against bytes of text, the time from a key to its character on the screen, resident
 * memory before and after, and the time from start to prompt. The engine is a stand-in inside the process,
 * so that only the front end is measured.
 */
import { readFile, rm } from 'node:fs/promises';
import { buildFixture } from '../test/pty/build.ts';
import { PtyProgram } from '../test/pty/terminal.ts';

const tokens = 5000;
const script = await buildFixture('sitting');
try {
  const startedAt = performance.now();
  await using program = new PtyProgram(process.execPath, [script, 'fast']);
  await program.waitFor('parameters');
  const startMs = performance.now() - startedAt;

  const sentBefore = program.output.length;
  program.enter(String(tokens));
  await program.waitFor('Esc stops');
  const memoryBefore = await residentMiB(program.pid);
  const delays: number[] = [];
  for (let typed = 'x'; typed.length <= 60; typed += 'x') {
    const at = performance.now();
    program.type('x');
    await program.waitUntil(() => program.screen().some((line) => line.startsWith(`› ${typed}`)));
    delays.push(performance.now() - at);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await program.waitFor('context 5,0');
  const memoryAfter = await residentMiB(program.pid);
  const text = Buffer.byteLength(program.scrollback().join(''));
  const sent = Buffer.byteLength(program.output.slice(sentBefore));
  delays.sort((a, b) => a - b);
  const at = (share: number) => delays[Math.floor(share * (delays.length - 1))]!.toFixed(1);
  console.log(`start to prompt      ${startMs.toFixed(0)} ms`);
  console.log(`bytes sent           ${sent} for ${text} of text: ${(sent / text).toFixed(2)}×`);
  console.log(`key to screen        median ${at(0.5)} ms, 95% ${at(0.95)} ms, worst ${at(1)} ms`);
  console.log(
    `resident memory      ${memoryBefore.toFixed(0)} MiB before, ${memoryAfter.toFixed(0)} MiB after`,
  );
} finally {
  await rm(script, { force: true });
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
