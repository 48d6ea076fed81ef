import { readdirSync, statSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { writeWhole } from './files.mjs';
import { bundledNode } from './paths.mjs';
import { createProgress } from './progress.mjs';
import { run, tail } from './run.mjs';
import { SetupError } from './setup-error.mjs';

const stampOf = (root) => path.join(root, 'dist', '.built');

/** True when nothing under src/ is newer than the last build. Synchronous and cheap: it runs at every start. */
export function isBuilt(root) {
  const built = statSync(stampOf(root), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return false;
  return (
    ['tsconfig.json', 'tsconfig.build.json'].every((f) => isOlder(path.join(root, f), built)) &&
    isTreeOlder(path.join(root, 'src'), built)
  );
}

/** Compiles src/ to dist/. @throws {SetupError} BUILD_FAILED with the compiler's complaints */
export async function build(root) {
  if (isBuilt(root)) return;
  const started = new Date();
  const progress = createProgress('Building babble');
  progress.tick();
  if (!statSync(stampOf(root), { throwIfNoEntry: false })) {
    // a cut build: what tsc remembers of dist/ may not be there
    await fs.rm(path.join(root, '.cache', 'build.tsbuildinfo'), { force: true });
  }
  await fs.rm(stampOf(root), { force: true });
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const result = await run(bundledNode(root), [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    onPoll: () => progress.tick(),
  });
  if (result.code !== 0) {
    progress.fail();
    throw new SetupError('BUILD_FAILED', `The sources do not compile:\n${tail(result.output, 30)}`, {
      hint: 'Mend the lines above, then run the same command again.',
    });
  }
  await writeWhole(stampOf(root), '');
  // files saved while the compiler ran are newer than the build
  await fs.utimes(stampOf(root), started, started);
  progress.done();
}

function isOlder(file, time) {
  return statSync(file).mtimeMs <= time;
}

/** Folders count too: their time tells of removed files. */
function isTreeOlder(folder, time) {
  if (!isOlder(folder, time)) return false;
  return readdirSync(folder, { withFileTypes: true }).every((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? isTreeOlder(file, time) : isOlder(file, time);
  });
}
