import fs from 'node:fs/promises';
import path from 'node:path';
import { exists } from '../files.mjs';
import { createProgress } from '../progress.mjs';
import { run, tail } from '../run.mjs';
import { SetupError } from '../setup-error.mjs';
import { openDraft, place } from './place.mjs';

/**
 * The second way: tfjs-node's own installer. It downloads TensorFlow 2.9.1 (older, and without a checksum)
 * and a prebuilt addon, or builds one with node-gyp. It works in place and leaves halves behind when it
 * fails, so it runs in a copy of the package, whose `deps/` and `lib/` are then placed like the wheel's.
 *
 * @throws {SetupError} TENSORFLOW_SETUP_FAILED
 */
export async function runOwnInstaller({ packageRoot, node, env = process.env }) {
  const draft = await openDraft(packageRoot);
  try {
    for (const name of await fs.readdir(packageRoot)) {
      if (['deps', 'lib', 'node_modules'].includes(name) || name.startsWith('.babble')) continue;
      await fs.cp(path.join(packageRoot, name), path.join(draft, name), { recursive: true });
    }
    const progress = createProgress("Running tfjs-node's own installer (TensorFlow 2.9)");
    const binFolder = path.resolve(packageRoot, '..', '..', '.bin');
    const result = await run(node, [path.join('scripts', 'install.js')], {
      cwd: draft,
      env: {
        ...env,
        PATH: [path.dirname(node), binFolder, env.PATH].join(path.delimiter),
      },
      timeoutMs: 30 * 60_000,
      onPoll: () => progress.tick(),
    });
    if (result.code !== 0 || !(await exists(path.join(draft, 'lib', 'napi-v8', 'tfjs_binding.node')))) {
      progress.fail();
      throw new SetupError(
        'TENSORFLOW_SETUP_FAILED',
        `tfjs-node's own installer failed (${result.signal ?? `code ${result.code}`}):\n${tail(result.output, 4)}`,
        { hint: 'Check the network, then run `npm run setup` again.' },
      );
    }
    progress.done();
    await place(packageRoot, draft, { source: 'own-installer' }, node);
  } finally {
    await fs.rm(draft, { recursive: true, force: true });
  }
}
