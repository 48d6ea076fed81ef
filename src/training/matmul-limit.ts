/** How quick matrix products can be on this machine: what a run's speed is held against. */
import { mkdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { userPaths } from '../paths.ts';

/** Operations a second by processor and dtype. */
const cacheSchema = z.record(z.string(), z.number().positive());

/**
 * The highest speed measured on this machine so far, in operations a second. Measured at most once a process: a
 * machine that is busy now keeps the limit of a quiet hour.
 * @param measure operations a second, now
 */
export async function matMulLimit(
  dtype: string,
  measure: () => number,
  file: string = path.join(userPaths().cache, 'matmul.json'),
): Promise<number> {
  const key = `${os.availableParallelism()} × ${os.cpus()[0]?.model.trim() ?? 'unknown'}, ${dtype}`;
  // A cache that is missing or broken is measured anew.
  const known = await readFile(file, 'utf8')
    .then((text) => cacheSchema.parse(JSON.parse(text)))
    .catch((): z.infer<typeof cacheSchema> => ({}));
  const before = known[key] ?? 0;
  const now = measure();
  if (now > before) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFileAtomic(file, `${JSON.stringify({ ...known, [key]: now }, null, 2)}\n`);
  }
  return Math.max(now, before);
}
