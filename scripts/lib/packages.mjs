import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { readJson } from './files.mjs';
import { bundledNode } from './paths.mjs';
import { createProgress } from './progress.mjs';
import { run, tail } from './run.mjs';
import { SetupError } from './setup-error.mjs';

/** Hash of package-lock.json: what a finished set-up is a set-up of. */
export function lockfileHash(root) {
  return createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
}

/** Installs the packages of package-lock.json unless node_modules holds exactly them already. */
export async function installPackages(root) {
  const wanted = (await readJson(path.join(root, 'package-lock.json')))?.packages ?? {};
  if (await matches(root, wanted)) return;
  const folders = Object.entries(wanted)
    .filter(([folder, entry]) => folder && !entry.optional)
    .map(([folder]) => path.join(root, folder, 'package.json'));
  const progress = createProgress(`Installing ${folders.length} packages`);
  progress.tick();
  const result = await npm(root, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], () =>
    progress.update(folders.filter((file) => existsSync(file)).length / folders.length),
  );
  if (result.code !== 0) {
    progress.fail();
    throw new SetupError('SETUP_FAILED', `npm ci failed:\n${complaint(result.output)}`, {
      hint: 'Check the network and the free disk space, then run the same command again: it goes on from here.',
    });
  }
  progress.done();
}

/**
 * Fetches Node 24 by the npm package `node`, whose install script is the only one babble allows (.npmrc).
 *
 * @returns {Promise<string>} the Node to run babble with
 */
export async function prepareNode(root) {
  const node = bundledNode(root);
  const wanted = (await readJson(path.join(root, 'node_modules', 'node', 'package.json')))?.version;
  if (await isNode(node, wanted)) return node;
  const progress = createProgress(`Fetching Node ${wanted}`);
  const result = await npm(root, ['rebuild', 'node', '--ignore-scripts=false'], () => progress.tick());
  if (result.code === 0 && (await isNode(node, wanted))) {
    progress.done();
    return node;
  }
  progress.fail();
  throw new SetupError('SETUP_FAILED', `Node ${wanted} cannot be fetched:\n${complaint(result.output)}`, {
    hint: 'Check the network, then run the same command again.',
  });
}

/** Makes `npx babble` find this project's own command and never look in the registry. */
export async function linkCommand(root) {
  const folder = path.join(root, 'node_modules', '.bin');
  if (process.platform === 'win32') {
    await fs.writeFile(path.join(folder, 'babble.cmd'), '@node "%~dp0\\..\\..\\bin\\babble.mjs" %*\r\n');
    return;
  }
  const link = path.join(folder, 'babble');
  await fs.rm(link, { force: true });
  await fs.symlink(path.join('..', '..', 'bin', 'babble.mjs'), link);
}

/** What npm says went wrong, without its warnings and its help. */
function complaint(output) {
  const lines = output.split(/\r?\n/).filter((line) => /^npm error \S/.test(line));
  return lines.length > 0 ? lines.slice(0, 8).join('\n') : tail(output);
}

/** npm writes what it installed into a hidden lockfile, last; it is missing after a cut. */
async function matches(root, wanted) {
  const hidden = (await readJson(path.join(root, 'node_modules', '.package-lock.json')))?.packages;
  if (!hidden) return false;
  return Object.entries(wanted).every(([folder, entry]) => {
    if (!folder || entry.link) return true;
    const found = hidden[folder];
    return found ? found.version === entry.version : entry.optional === true;
  });
}

async function isNode(node, version) {
  const { code, output } = await run(node, ['--version'], { timeoutMs: 30_000 });
  return code === 0 && output.trim() === `v${version}`;
}

/** Runs npm with a Node from outside the project: `npm ci` deletes the one inside. */
function npm(root, args, onPoll) {
  const inside = path.join(root, 'node_modules');
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const env = { ...process.env, PATH: folders.filter((f) => !f.startsWith(inside)).join(path.delimiter) };
  // settings that an outer `npm start` hands down are not meant for this one
  for (const name of Object.keys(env)) if (name.startsWith('npm_')) delete env[name];
  const [command, first] = process.platform === 'win32' ? ['cmd.exe', ['/c', 'npm']] : ['npm', []];
  return run(command, [...first, ...args], { cwd: root, env, onPoll, pollMs: 1000 });
}
