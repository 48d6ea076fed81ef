#!/usr/bin/env node
// `npm test [-- vitest arguments]`: sets up, then types, lint, boundaries, dead code, the build and the tests.
// Stops at the first check that fails. The last line is always `N passed, N failed, N skipped`; each check
// before the tests counts as one.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { build } from './lib/build.mjs';
import { bundledNode, projectRoot as root } from './lib/paths.mjs';
import { setup } from './lib/setup.mjs';
import { describe, SetupError } from './lib/setup-error.mjs';
import { testGguf } from './lib/test-assets.mjs';

const count = { passed: 0, failed: 0, skipped: 0 };
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

const checks = [
  ['Set-up', () => setup({ withBuild: false })],
  ['Types', () => shell(scripts['check:types'])],
  ['Lint', () => shell(scripts['check:lint'])],
  ['Boundaries', () => shell(scripts['check:boundaries'])],
  ['Dead code', () => shell(scripts['check:dead'])],
  ['Build', () => build(root)],
];

try {
  for (const [name, check] of checks) {
    headline(name);
    await check();
    count.passed += 1;
  }
  headline('Tests');
  await tests(process.argv.slice(2));
} catch (error) {
  count.failed += 1;
  process.stdout.write(`${describe(error)}\n`);
}
if (count.failed > 0) process.exitCode = 1;
process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);

function headline(name) {
  process.stdout.write(`\n== ${name} ==\n`);
}

/** Runs one of package.json's commands with the project's own programs. */
async function shell(command) {
  const code = await ending(spawn(command, { cwd: root, env: environment(), shell: true, stdio: 'inherit' }));
  if (code !== 0) throw new SetupError('CHECK_FAILED', `${command} ended with ${code}.`);
}

async function tests(args) {
  const gguf = await testGguf();
  const env = environment();
  if ('path' in gguf) env.BABBLE_TEST_GGUF = gguf.path;
  else process.stdout.write(`Tests with a GGUF model are skipped: ${gguf.reason}\n`);
  if (process.stdout.isTTY && !env.NO_COLOR) env.FORCE_COLOR ??= '1';
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(bundledNode(), [vitest, 'run', ...args], {
    cwd: root,
    env,
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  const summary = passThrough(child.stdout);
  const code = await ending(child);
  const counted = await summary;
  if (counted) for (const [i, key] of Object.keys(count).entries()) count[key] += counted[i];
  if (code !== 0 && !counted?.[1]) throw new SetupError('CHECK_FAILED', `vitest ended with ${code}.`);
}

/** Hands vitest's lines on, all but the closing one of summary-reporter.ts, whose numbers it gives. */
async function passThrough(stream) {
  let rest = '';
  let counted;
  for await (const data of stream.setEncoding('utf8')) {
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const found = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line);
      if (found) counted = found.slice(1).map(Number);
      else process.stdout.write(`${line}\n`);
    }
  }
  process.stdout.write(rest);
  return counted;
}

function ending(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
}

function environment() {
  const PATH = [path.join(root, 'node_modules', '.bin'), process.env.PATH].join(path.delimiter);
  return { ...process.env, PATH };
}
