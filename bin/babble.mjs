#!/usr/bin/env node
// The command `babble`. It answers --version itself, moves over to Node 24 when it was started by an older
// Node, and leaves the rest to dist/cli.js. Plain JavaScript: it must run on Node 20, before any build.
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const args = process.argv.slice(2);
const oldestNode = 24;

if (args[0] === '--version' || args[0] === '-V') {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  process.stdout.write(`${version}\n`);
} else if (!existsSync(path.join(root, 'dist', 'cli.js'))) {
  complain(
    'babble is not built yet.',
    'Run `npm run setup` in its folder, or `npm start`, which does that first.',
  );
} else if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  await moveToBundledNode();
} else {
  // keeps compiled JavaScript between runs: about a third off the start
  module.enableCompileCache?.(path.join(root, 'node_modules', '.babble', 'compile-cache'));
  const { main } = await import('../dist/cli.js');
  process.exitCode = await main(args);
}

/** Runs this file again with the Node that set-up fetched, as if that had been started in the first place. */
async function moveToBundledNode() {
  const executable = process.platform === 'win32' ? 'node.exe' : 'node';
  const node = path.join(root, 'node_modules', 'node', 'bin', executable);
  if (!existsSync(node)) {
    complain(
      `babble needs Node ${oldestNode} or newer; this is ${process.versions.node}.`,
      'Run `npm run setup` in its folder: it fetches one for babble alone.',
    );
    return;
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(node, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' });
  // On a terminal Ctrl+C reaches both processes by itself; other signals are handed on. The child decides
  // what they mean.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...ending) => resolve(ending));
  });
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exitCode = code;
  }
}

function complain(what, hint) {
  process.stderr.write(`${what}\n  → ${hint}\n`);
  process.exitCode = 1;
}
