/** Names that hold secrets by custom. An engine runs native code on strangers' files: it gets none of them. */
const secretName = /TOKEN|SECRET|PASSW(OR)?D|CREDENTIAL|(API|ACCESS|PRIVATE)_?KEY/i;

const ours = { UV_THREADPOOL_SIZE: '1', GGML_NO_BACKTRACE: '1' };

/**
 * The environment of an engine process: the parent's without secrets, but for those the engine names as
 * needed, and without NODE_OPTIONS, which are meant for the parent (an inspector's port, a loader).
 *
 * Native calls of one engine get one thread, which runs them in the order they were made: a second one could
 * only take a processor from the first. And a llama.cpp that aborts must end at once, not start a debugger to
 * describe itself.
 */
export function engineEnvironment(env: NodeJS.ProcessEnv, needed: readonly string[] = []): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => needed.includes(name) || (name !== 'NODE_OPTIONS' && !secretName.test(name)),
  );
  return { ...Object.fromEntries(kept), ...ours };
}
