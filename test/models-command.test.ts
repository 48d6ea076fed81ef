/** `babble models`: the real command against a server that behaves like the hub. */
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { curatedModels } from '../src/catalogue/curated.ts';
import { type Hub, openHub, sendSome, sha256Of, splitModel } from '../src/catalogue/fixtures/hub.ts';
import { shippedModels } from '../src/paths.ts';
import { TorchGenerator } from '../src/tensor/random/generator.ts';
import { babble, babbleFile, ending, startBabble } from './command.ts';
import { PtyProgram } from './pty/terminal.ts';

/** A tenth of the cuts of the connection: each of these is a process. */
const kills = Math.ceil(Number(process.env['BABBLE_CUTS'] ?? 30) / 10);
const curated = curatedModels.find(({ ref }) => ref.includes('SmolLM2'))!;

const shippedGguf = path.join(shippedModels, 'tiny-llama-gguf', 'model.gguf');
let whole: Buffer;
let parts: Buffer[];
let hub: Hub;
let home: string;

beforeAll(async () => {
  whole = readFileSync(shippedGguf);
  parts = await splitModel(shippedGguf, 2);
  hub = await openHub();
  hub.repositories.set('o/bard', new Map([['Bard.Q8_0.gguf', whole]]));
  const split = parts.map((part, i) => [`Bard-Split.Q8_0-0000${i + 1}-of-00002.gguf`, part] as const);
  hub.repositories.set('o/split', new Map(split));
  const [, repository, tag] = /^hf:(.+):(.+)$/.exec(curated.ref)!;
  hub.repositories.set(repository!, new Map([[`x-${tag!.toLowerCase()}.gguf`, whole]]));
});
afterAll(() => hub[Symbol.asyncDispose]());
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-models-'));
  hub.troubles = [];
  hub.requests = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** One thread: the tests share the machine with others, where two would wait for each other. */
const asked = ['--load', 'threads=1', '--temperature', '0', '--max-tokens', '8', 'ROMEO:'];
const env = () => ({ HF_ENDPOINT: hub.origin, HF_TOKEN: 'hf_secret' });
const run = (...args: string[]) => babble(args, { home, env: env() });
const models = (...args: string[]) => run('models', ...args);
const own = () => {
  const folder = path.join(home, 'data', 'models');
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
};

test('pull, name, run, show, remove', async () => {
  const pulled = await models('pull', 'hf:o/bard:Q8_0');
  expect(pulled).toEqual({
    code: 0,
    stdout: `bard.q8_0: ${whole.length} bytes, sha256 ${sha256Of(whole)}\n`,
    stderr: 'bard.q8_0: 0.01 GB, license mit\n',
  });
  expect((await models('alias', 'will', 'bard.q8_0')).stdout).toBe('will = bard.q8_0 (llama)\n');
  expect((await models()).stdout).toMatch(
    /^bard\.q8_0 +llama +10671744 [\s\S]*^will = bard\.q8_0 \(llama\)$/m,
  );
  const [byAlias, shipped] = [
    await run('run', '--model', 'will', ...asked),
    await run('run', '--model', 'tiny-llama-gguf', ...asked),
  ];
  expect(byAlias).toEqual({ ...shipped, code: 0 });
  const shown = await models('show', 'will', '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    ...{ id: 'bard.q8_0', engine: 'llama', parameterCount: 10_671_744, source: 'hf:o/bard:Q8_0' },
    fit: { fits: true },
  });
  expect(await models('rm', 'will', '--yes')).toMatchObject({ code: 2, stdout: '' });
  expect((await models('rm', 'bard.q8_0')).stderr).toContain('--yes');
  expect(own()).toEqual(['bard.q8_0']);
  expect(await models('rm', 'bard.q8_0', '--yes')).toMatchObject({
    code: 0,
    stdout: 'Removed bard.q8_0.\nIts alias will is gone as well.\n',
  });
  expect(own()).toEqual([]);
  expect((await models('alias')).stdout).not.toContain('will');
});

test('a split model is pulled, runs and goes as one', async () => {
  const pulled = await models('pull', 'hf:o/split:Q8_0');
  expect(pulled.stderr).toContain('in 2 files');
  expect(pulled.stdout.split('\n').filter((line) => line.startsWith('bard-split.q8_0/'))).toHaveLength(2);
  expect(readdirSync(path.join(home, 'data', 'models', 'bard-split.q8_0')).toSorted()).toEqual([
    ...['model-00001-of-00002.gguf', 'model-00002-of-00002.gguf', 'source.json'],
  ]);
  const [split, unsplit] = [
    await run('run', '--model', 'bard-split.q8_0', ...asked),
    await run('run', '--model', 'tiny-llama-gguf', ...asked),
  ];
  expect(split).toEqual({ ...unsplit, code: 0 });
  const shown = JSON.parse((await models('show', 'bard-split.q8_0', '--json')).stdout);
  expect(shown).toMatchObject({ files: 2, parameterCount: 10_671_744, tensors: '44 × q8_0, 13 × f32' });
  await models('rm', 'bard-split.q8_0', '--yes');
  expect(readdirSync(path.join(home, 'data', 'models'))).toEqual([]);
});

test('the curated list says that its sizes are about right; the hub’s own is shown and taken', async () => {
  const list = await models('curated');
  expect(list.stdout).toMatch(new RegExp(`^${curated.alias} +~${curated.gigabytes} GB`, 'm'));
  expect(list.stdout).toContain('the hub gives');
  const pulled = await models('pull', curated.alias);
  expect(pulled.code).toBe(0);
  expect(pulled.stderr).toContain(`0.01 GB (the list says about ${curated.gigabytes} GB), license mit`);
  const { stdout } = await run('run', '--model', curated.alias, ...asked);
  expect(stdout.trimEnd()).not.toBe('');
});

test('a failure is an error of one line, without the token', async () => {
  const failed = await models('pull', 'hf:o/nobody:Q8_0');
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  expect(failed.stderr).toContain('404');
  expect(failed.stderr).not.toContain('hf_secret');
});

test('an interrupted pull ends with 130 and leaves nothing that is listed', async () => {
  const child = startBabble(['models', 'pull', 'hf:o/bard:Q8_0'], { home, env: env() });
  hub.troubles = [sendSome(1_000_000, () => child.kill('SIGINT'))];
  const stopped = await ending(child);
  expect(stopped).toMatchObject({ code: 130, stdout: '', stderr: expect.stringContaining('is kept') });
  expect(own()).toEqual([]);
});

test(`${kills} pulls killed at random points: never a bad install`, { timeout: 600_000 }, async () => {
  const random = new TorchGenerator(kills);
  for (let kill = 0; kill < kills; kill++) {
    const isSplit = kill % 2 === 1;
    const [ref, id] = isSplit ? ['hf:o/split:Q8_0', 'bard-split.q8_0'] : ['hf:o/bard:Q8_0', 'bard.q8_0'];
    const child = startBabble(['models', 'pull', ref], { home, env: env() });
    // In the middle of the file; every third time when all is sent, while it is checked and installed.
    const point = kill % 3 === 2 ? whole.length : random.uint32() % whole.length;
    hub.troubles = [sendSome(point, () => child.kill('SIGKILL'))];
    await once(child, 'close');
    for (const there of own()) await checkInstalled(there);
    hub.troubles = [];
    expect(await models('pull', ref)).toMatchObject({ code: 0 });
    expect(own()).toEqual([id]);
    await checkInstalled(id);
    await rm(path.join(home, 'data', 'models', id), { recursive: true });
  }
});

async function checkInstalled(id: string): Promise<void> {
  const folder = path.join(home, 'data', 'models', id);
  const { files } = JSON.parse(readFileSync(path.join(folder, 'source.json'), 'utf8'));
  const there = files.map(({ name }: { name: string }) => sha256Of(readFileSync(path.join(folder, name))));
  expect(there).toEqual((id.includes('split') ? parts : [whole]).map(sha256Of));
}

test('rm asks on a terminal, and only a yes removes', async () => {
  await models('pull', shippedGguf);
  expect(own()).toEqual(['model']);
  for (const [answer, said, left] of [
    ['', 'Nothing was removed', ['model']],
    ['nyes', 'Nothing was removed', ['model']],
    ['y', 'Removed model', []],
  ] as const) {
    await using program = new PtyProgram(process.execPath, [babbleFile, 'models', 'rm', 'model'], {
      env: { BABBLE_HOME: home },
    });
    await program.waitFor('[y/N]');
    program.enter(answer);
    await program.waitFor(said);
    expect(await program.exited).toBe(0);
    expect(own()).toEqual(left);
  }
});

test('a pull on a terminal shows its rate and how long it still takes', async () => {
  await using program = new PtyProgram(process.execPath, [babbleFile, 'models', 'pull', 'hf:o/bard:Q8_0'], {
    env: { BABBLE_HOME: home, ...env() },
  });
  const { promise: seen, resolve: goOn } = Promise.withResolvers<void>();
  // Two pieces, the second when the first is on the screen: of the first the rate is not known yet.
  hub.troubles = [
    (_request, response) => {
      response.writeHead(200, { 'content-length': whole.length });
      response.write(whole.subarray(0, 2_000_000));
      void seen.then(() => response.end(whole.subarray(2_000_000)));
    },
  ];
  await program.waitFor(`MB of ${(whole.length / 1e6).toFixed(1)} MB (`);
  goOn();
  await program.waitFor('100%), ');
  expect(program.screen().join('\n')).toMatch(/\(100%\), \d+\.\d MB\/s, 0 s left/);
  expect(await program.exited).toBe(0);
});

test('a reader that leaves at once is no failure', async () => {
  const child = startBabble(['models'], { home });
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

describe('show', () => {
  const shipped = readdirSync(shippedModels);

  test.each(shipped)('%s: what is in it, its license, and whether it fits', async (id) => {
    const { code, stdout, stderr } = await models('show', id);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^id +${id}$`, 'm'));
    expect(stdout).toMatch(/^parameterCount +[1-9]\d*$/m);
    expect(stdout).toMatch(/^license +MIT$/m);
    expect(stdout).toMatch(/^weights.* [1-9]\d* [kM]B$/m);
    expect(stdout).toMatch(/^free now +[1-9]\d* MB\nIt fits\.$/m);
  });

  test('an unknown one lists the known', async () => {
    expect(await models('show', 'nobody')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Known models: bigram-count'),
    });
  });
});
