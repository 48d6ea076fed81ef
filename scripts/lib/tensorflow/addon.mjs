import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProgress } from '../progress.mjs';
import { run, tail } from '../run.mjs';
import { isDiskFull, SetupError } from '../setup-error.mjs';

const quietAddon = fileURLToPath(new URL('./quiet_addon.cc', import.meta.url));

/** The first C++ compiler that answers: $CXX, then g++, clang++, c++. Undefined when there is none. */
export async function findCompiler(env = process.env) {
  for (const command of [env.CXX, 'g++', 'clang++', 'c++'].filter(Boolean)) {
    const { code } = await run(command, ['--version'], { env, timeoutMs: 30_000 });
    if (code === 0) return command;
  }
  return undefined;
}

/**
 * Builds tfjs-node's addon from the npm package's sources against the library in `deps`, into `lib/napi-v8/`
 * (8 is the newest N-API version that the package names): tfjs_addon.so, and before it our tfjs_binding.node.
 *
 * @param {{compiler: string, packageRoot: string, deps: string, lib: string, headers: string, env?: NodeJS.ProcessEnv}} options
 *   `headers`: the folder of node_api.h
 * @throws {SetupError} TENSORFLOW_SETUP_FAILED
 */
export async function buildAddon({ compiler, packageRoot, deps, lib, headers, env }) {
  const folder = path.join(lib, 'napi-v8');
  await fs.mkdir(folder, { recursive: true });
  const common = ['-shared', '-fPIC', '-std=c++17', '-O2', '-DNAPI_VERSION=8', `-I${headers}`];
  const progress = createProgress('Building the TensorFlow addon');
  const build = async (args) => {
    const { code, signal, output } = await run(compiler, args, { env, onPoll: () => progress.tick() });
    if (code === 0) return;
    progress.fail();
    throw explain(compiler, signal ?? `code ${code}`, output);
  };
  await build([
    ...common,
    `-I${path.join(deps, 'include')}`,
    `-I${path.dirname(packageRoot)}`,
    path.join(packageRoot, 'binding', 'tfjs_backend.cc'),
    path.join(packageRoot, 'binding', 'tfjs_binding.cc'),
    `-L${path.join(deps, 'lib')}`,
    '-ltensorflow',
    '-ltensorflow_framework',
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
    '-o',
    path.join(folder, 'tfjs_addon.so'),
  ]);
  await build([...common, quietAddon, '-ldl', '-o', path.join(folder, 'tfjs_binding.node')]);
  progress.done();
}

function explain(compiler, ending, output) {
  const full = isDiskFull(new Error(output));
  return new SetupError(
    'TENSORFLOW_SETUP_FAILED',
    full
      ? `The disk is full while ${compiler} builds the TensorFlow addon.`
      : `${compiler} does not build the TensorFlow addon (it ended with ${ending}):\n${tail(output)}`,
    {
      hint: full
        ? 'Make room (also in the folder for temporary files), then run `npm run setup` again.'
        : 'Needed is a compiler for C++17 (g++ 8 or clang 7 at least); name another one with CXX=… npm run setup.',
    },
  );
}
