import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A holder touches its lock every few seconds; one silent for longer than this is dead. */
const silentMs = 30_000;
const beatMs = 5_000;
const retryMs = 300;

/**
 * Runs `job` while no other process holds the lock. Waits for a living holder; takes over from one that
 * was killed (its process is gone, or it has been silent for 30 s: process ids are used again in containers).
 *
 * @template T
 * @param {string} file the lock's file; its folder is made
 * @param {() => Promise<T>} job
 * @param {{onWait?: (pid: number) => void}} [options] told once when another process holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(file, job, { onWait } = {}) {
  await fs.mkdir(path.dirname(file), { recursive: true });
  const mine = `${process.pid} ${randomUUID()}`;
  let told = false;
  while (!(await take(file, mine))) {
    const held = await read(file);
    if (!held) continue;
    if (isDead(held)) {
      await dropIfStill(file, held.text);
      continue;
    }
    if (!told) onWait?.(held.pid);
    told = true;
    await wait(retryMs);
  }
  const beat = setInterval(() => {
    const now = new Date();
    fs.utimes(file, now, now).catch(() => {});
  }, beatMs);
  try {
    return await job();
  } finally {
    clearInterval(beat);
    await dropIfStill(file, mine);
  }
}

async function take(file, text) {
  // written whole elsewhere, then linked: another process never reads an empty lock
  const draft = `${file}.${process.pid}.${text.slice(-12)}`;
  try {
    await fs.writeFile(draft, text);
    await fs.link(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await fs.rm(draft, { force: true });
  }
}

async function read(file) {
  try {
    const [text, { mtimeMs }] = await Promise.all([fs.readFile(file, 'utf8'), fs.stat(file)]);
    return { text, mtimeMs, pid: Number.parseInt(text, 10) };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isDead({ pid, mtimeMs }) {
  if (Date.now() - mtimeMs > silentMs) return true;
  try {
    process.kill(pid, 0);
    return isZombie(pid);
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** A killed process answers signals until its parent collects it, which in a container may be never. */
function isZombie(pid) {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/, ''));
  } catch {
    return false; // no such file system here
  }
}

/** Moves the lock aside first: of two processes that find a dead holder only one gets to remove it. */
async function dropIfStill(file, text) {
  const aside = `${file}.${randomUUID()}`;
  try {
    await fs.rename(file, aside);
  } catch {
    return;
  }
  const moved = await fs.readFile(aside, 'utf8');
  if (moved !== text) await fs.link(aside, file).catch(() => {});
  await fs.rm(aside, { force: true });
}
