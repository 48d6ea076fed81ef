import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const { withLock } = await import(new URL('./lib/lock.mjs', import.meta.url).href);

function lockFile(): { file: string } & Disposable {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'babble-lock-'));
  const remove = () => fs.rmSync(folder, { recursive: true, force: true });
  return { file: path.join(folder, 'lock'), [Symbol.dispose]: remove };
}

test('one at a time, and nothing is left', async () => {
  using lock = lockFile();
  let inside = 0;
  let most = 0;
  const job = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise(setImmediate);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 5 }, () => withLock(lock.file, job)));
  expect(most).toBe(1);
  expect(fs.readdirSync(path.dirname(lock.file))).toEqual([]);
});

test('a job that fails gives the lock back', async () => {
  using lock = lockFile();
  await expect(withLock(lock.file, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  expect(await withLock(lock.file, async () => 'next')).toBe('next');
});

test('it waits for a living holder and says whose lock it is', async () => {
  using lock = lockFile();
  const held = Promise.withResolvers<void>();
  const inside = Promise.withResolvers<void>();
  const first = withLock(lock.file, () => {
    inside.resolve();
    return held.promise;
  });
  await inside.promise; // else the second may be the first to take it
  const told: number[] = [];
  const second = withLock(lock.file, async () => 'second', {
    onWait: (pid: number) => {
      told.push(pid);
      held.resolve();
    },
  });
  expect(await second).toBe('second');
  await first;
  expect(told).toEqual([process.pid]);
});

test('it takes over from a holder that is gone', async () => {
  using lock = lockFile();
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  fs.writeFileSync(lock.file, `${child.pid} gone`);
  expect(await withLock(lock.file, async () => 'mine')).toBe('mine');
});

test('it takes over from a holder that has been silent for long, whoever has its process id now', async () => {
  using lock = lockFile();
  fs.writeFileSync(lock.file, `${process.pid} silent`);
  const longAgo = new Date(Date.now() - 60_000);
  fs.utimesSync(lock.file, longAgo, longAgo);
  expect(await withLock(lock.file, async () => 'mine')).toBe('mine');
});
