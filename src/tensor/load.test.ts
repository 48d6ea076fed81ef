import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const door = new URL('./index.ts', import.meta.url).href;

/** A process of its own each time: TensorFlow loads once in a process, and only there its native log lines show. */
async function inProcess(code: string, env: NodeJS.ProcessEnv = {}) {
  const script = `const { loadTensorFlow } = await import('${door}');\n${code}`;
  const { TF_CPP_MIN_LOG_LEVEL: _, ...inherited } = process.env;
  return run(process.execPath, ['--input-type=module', '-e', script], { env: { ...inherited, ...env } });
}

// gather's gradient, which WASM lacks a kernel for, and softmax over fixed numbers
const gradient = `
  const { tf, backend, notice, version } = await loadTensorFlow();
  const table = tf.variable(tf.tensor2d(Array.from({ length: 15 }, (_, i) => Math.sin(i)), [5, 3]));
  const ids = tf.tensor1d([0, 3, 3], 'int32');
  const { value, grads } = tf.variableGrads(() =>
    tf.losses.softmaxCrossEntropy(tf.oneHot(ids, 3), tf.gather(table, ids)));
  const values = Array.from(Object.values(grads)[0].dataSync());
  console.log(JSON.stringify({ backend, notice, version, loss: value.dataSync()[0], values }));
`;

test('native TensorFlow and WASM give the same loss and gradient, and print nothing else', async () => {
  const native = await inProcess(gradient);
  const wasm = await inProcess(gradient, { BABBLE_TENSORFLOW: 'wasm' });
  expect([native.stderr, wasm.stderr]).toEqual(['', '']);
  const expected = JSON.parse(native.stdout);
  const actual = JSON.parse(wasm.stdout);
  expect(actual.backend).toBe('wasm');
  expect(actual.notice).toMatch(/slower.*npm run setup/);
  expect(actual.loss).toBeCloseTo(expected.loss, 5);
  expected.values.forEach((value: number, i: number) => {
    expect(actual.values[i]).toBeCloseTo(value, 5);
  });
});

test('an error thrown after WASM has started ends the process as always', async () => {
  const failing = inProcess("await loadTensorFlow({ wasm: true }); throw new Error('mine');");
  await expect(failing).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Error: mine\n\s+at /),
  });
});

test('loading twice gives the same TensorFlow', async () => {
  const { stdout } = await inProcess(
    'const [a, b] = await Promise.all([loadTensorFlow(), loadTensorFlow()]); console.log(a === b);',
  );
  expect(stdout).toBe('true\n');
});
