/**
 * Pulling against a server that behaves like the hub, good days and bad. The long run of cuts:
 *   npm run test:cuts
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { TorchGenerator } from '../tensor/random/generator.ts';
import { readAliases, setAlias } from './aliases.ts';
import { listModels, resolveModel } from './catalogue.ts';
import { curatedModels } from './curated.ts';
import type { DownloadProgress } from './download.ts';
import { type Hub, openHub, sendFile, sendSome, sendStatus, sha256Of, toyModel } from './fixtures/hub.ts';
import { pullModel } from './pull.ts';
import type { ModelSource } from './source.ts';

const cuts = Number(process.env['BABBLE_CUTS'] ?? 12);
const token = 'hf_secret';
const never = new AbortController().signal;

let content: Buffer;
let parts: Buffer[];
let root: string;
let models: string;
let aliases: string;
let hub: Hub;

beforeAll(async () => {
  content = (await toyModel())[0]!;
  parts = await toyModel(3);
  hub = await openHub();
  hub.repositories.set('o/r', new Map([['Toy-Model.Q4_K_M.gguf', content]]));
  const split = parts.map((part, i) => [`Q8_0/Big-Q8_0-0000${i + 1}-of-00003.gguf`, part] as const);
  hub.repositories.set('o/big', new Map(split));
  hub.repositories.set('o/torn', new Map(split.slice(0, 2)));
});
afterAll(() => hub[Symbol.asyncDispose]());
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'babble-pull-'));
  models = path.join(root, 'models');
  aliases = path.join(root, 'aliases.json');
  hub.troubles = [];
  hub.requests = [];
});
afterEach(() => rmSync(root, { recursive: true }));

interface Change {
  readonly sha256?: string;
  readonly signal?: AbortSignal;
  onSource?(source: ModelSource): void;
  onProgress?(progress: DownloadProgress): void;
}
const pull = (ref = 'hf:o/r:Q4_K_M', change: Change = {}) =>
  pullModel(ref, {
    ...{ signal: never, models, aliases, retryMs: 1 },
    env: { HF_ENDPOINT: hub.origin, HF_TOKEN: token },
    ...change,
  });
const installed = () => path.join(models, 'toy-model.q4_k_m', 'model.gguf');
const fileRequests = () => hub.requests.filter(({ url }) => url.startsWith('/cdn/'));

test('fetches by tag or file name, checks the hash, and knows it the next time', async () => {
  const files = [{ name: 'model.gguf', bytes: content.length, sha256: sha256Of(content) }];
  expect(await pull()).toMatchObject({ id: 'toy-model.q4_k_m', files, existed: false });
  expect(readFileSync(installed())).toEqual(content);
  expect(readdirSync(models)).toEqual(['toy-model.q4_k_m']);
  const source = JSON.parse(readFileSync(path.join(models, 'toy-model.q4_k_m', 'source.json'), 'utf8'));
  expect(source).toMatchObject({ ref: 'hf:o/r:Q4_K_M', license: 'mit', files });
  expect((await pull('hf:o/r/Toy-Model.Q4_K_M.gguf')).existed).toBe(true);
  expect(fileRequests()).toHaveLength(1);
});

test('the token goes to the hub alone', async () => {
  await pull();
  const seen = hub.requests.map(({ url, authorization }) => [url.split('?')[0], authorization]);
  expect(seen).toEqual([
    ['/api/models/o/r', `Bearer ${token}`],
    ['/o/r/resolve/main/Toy-Model.Q4_K_M.gguf', `Bearer ${token}`],
    ['/cdn/o/r/Toy-Model.Q4_K_M.gguf', undefined],
  ]);
  hub.requests = [];
  await pull(`${hub.origin.replace('127.0.0.1', 'localhost')}/cdn/o/r/Toy-Model.Q4_K_M.gguf`);
  expect(hub.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
});

/** Hangs up once what was sent is on the disk of the one who pulls. */
const hangUpWhenKept = (draft: string) => (response: ServerResponse) => {
  const before = existsSync(draft) ? statSync(draft).size : 0;
  void vi
    .waitFor(() => expect(existsSync(draft) && statSync(draft).size).toBeGreaterThan(before), 10_000)
    .finally(() => response.destroy());
};

test('goes on after 429, 5xx and cut connections, from where it was', async () => {
  const hangUp = hangUpWhenKept(path.join(models, '.pull-toy-model.q4_k_m', 'model', 'model.gguf'));
  hub.troubles = [
    sendStatus(503),
    sendSome(100_000, hangUp),
    sendStatus(429, { 'retry-after': '0' }),
    sendSome(50_000, hangUp),
  ];
  await pull();
  expect(readFileSync(installed())).toEqual(content);
  const ranges = fileRequests().map(({ range }) => range);
  expect(ranges.slice(0, 2)).toEqual([undefined, undefined]);
  expect(ranges.slice(2).every((range) => range !== undefined && range !== 'bytes=0-')).toBe(true);
});

test('a server that knows no ranges starts over', async () => {
  hub.troubles = [sendSome(100_000), (_, response) => response.end(content)];
  await pull();
  expect(readFileSync(installed())).toEqual(content);
});

test.each([
  ['401', () => [sendStatus(401)], 'DOWNLOAD_FAILED', 'HF_TOKEN'],
  ['404', () => [sendStatus(404)], 'DOWNLOAD_FAILED', undefined],
  ['5xx for ever', () => Array.from({ length: 9 }, () => sendStatus(500)), 'DOWNLOAD_FAILED', undefined],
  [
    'a redirect to plain http',
    () => [sendStatus(302, { location: 'http://example.com/x' })],
    'DOWNLOAD_FAILED',
    undefined,
  ],
  [
    'redirects in a circle',
    () => Array.from({ length: 9 }, () => sendStatus(302, { location: '/cdn/o/r/Toy-Model.Q4_K_M.gguf' })),
    'DOWNLOAD_FAILED',
    undefined,
  ],
])('%s is a typed error and installs nothing', async (_name, trouble, code, hint) => {
  hub.troubles = trouble();
  const error = await pull().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code });
  if (hint) expect(error).toMatchObject({ hint: expect.stringContaining(hint) });
  expect(JSON.stringify(error)).not.toContain(token);
  expect(existsSync(installed())).toBe(false);
});

test('another file than expected is refused and removed', async () => {
  await expect(pull(undefined, { sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'FILE_CHECKSUM' });
  expect(existsSync(installed())).toBe(false);
  await pull();
  expect(existsSync(installed())).toBe(true);
});

test('a file that is no model is refused', async () => {
  const file = path.join(root, 'not.gguf');
  writeFileSync(file, 'GGUF but no more');
  await expect(pull(file)).rejects.toMatchObject({ code: 'GGUF_INVALID' });
  expect(readdirSync(models).filter((name) => !name.startsWith('.'))).toEqual([]);
});

test('a model with less free space than it needs is refused before the first byte', async () => {
  const huge = { size: 1e18, lfs: { sha256: '0'.repeat(64), size: 1e18 } };
  const answer = JSON.stringify({ siblings: [{ rfilename: 'Huge.Q4_K_M.gguf', ...huge }] });
  vi.stubGlobal('fetch', async () => new Response(answer));
  try {
    await expect(pull('hf:o/huge:Q4_K_M')).rejects.toThrow(/needs 1000000000000000000 bytes, \d+ are free/);
  } finally {
    vi.unstubAllGlobals();
  }
  expect(await listModels({ own: models, shipped: '' })).toEqual([]);
});

test('a second pull of the same model says that one is running', async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: finish } = Promise.withResolvers<void>();
  hub.troubles = [
    (...asked) => {
      start();
      void goOn.then(() => sendFile(...asked));
    },
  ];
  const first = pull();
  await started;
  await expect(pull()).rejects.toThrow('being pulled already');
  finish();
  await first;
  expect(readFileSync(installed())).toEqual(content);
});

test('a stop keeps the part, and the next pull goes on with it', async () => {
  const controller = new AbortController();
  hub.troubles = [sendSome(200_000, () => setImmediate(() => controller.abort()))];
  await expect(pull(undefined, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  expect(existsSync(installed())).toBe(false);
  await pull();
  expect(readFileSync(installed())).toEqual(content);
});

test('progress ends at the size', async () => {
  const seen: DownloadProgress[] = [];
  await pull(undefined, { onProgress: (progress) => seen.push(progress) });
  expect(seen.at(-1)).toMatchObject({ bytes: content.length, totalBytes: content.length });
});

test('a model takes the place of an older one of its name as a whole', async () => {
  await pull();
  const file = path.join(root, 'toy-model.q4_k_m.gguf');
  const [other] = await toyModel();
  writeFileSync(file, other!);
  expect(await pull(file)).toMatchObject({ id: 'toy-model.q4_k_m', existed: false });
  expect(readFileSync(installed())).toEqual(other);
  expect(readdirSync(models)).toEqual(['toy-model.q4_k_m']);
});

test('what an earlier attempt at another form of the model left behind is not installed', async () => {
  const draft = path.join(models, '.pull-toy-model.q4_k_m', 'model');
  mkdirSync(draft, { recursive: true });
  writeFileSync(path.join(draft, 'model-00001-of-00003.gguf'), 'part');
  const { folder } = await pull();
  expect(readdirSync(folder).toSorted()).toEqual(['model.gguf', 'source.json']);
});

describe('a split model', () => {
  const folder = () => path.join(models, 'big-q8_0');
  const names = [1, 2, 3].map((i) => `model-0000${i}-of-00003.gguf`);

  test.each(['hf:o/big:Q8_0', 'hf:o/big/Q8_0/Big-Q8_0-00002-of-00003.gguf'])(
    '%s brings all parts as one model',
    async (ref) => {
      const seen: DownloadProgress[] = [];
      const pulled = await pull(ref, { onProgress: (progress) => seen.push(progress) });
      expect(pulled).toMatchObject({ id: 'big-q8_0', files: names.map((name) => ({ name })) });
      for (const [i, name] of names.entries())
        expect(readFileSync(path.join(folder(), name))).toEqual(parts[i]);
      const all = parts.reduce((total, { length }) => total + length, 0);
      expect(seen.every(({ totalBytes }) => totalBytes === all)).toBe(true);
      expect(seen.at(-1)?.bytes).toBe(all);
      expect((await pull(ref)).existed).toBe(true);
      const listed = await listModels({ own: models, shipped: '', aliases });
      expect(listed).toMatchObject([{ id: 'big-q8_0', parameterCount: 300_000, license: 'mit' }]);
      // llama.cpp is given the first part and finds the others beside it.
      const found = await resolveModel('llama', 'big-q8_0', { own: models, shipped: '', aliases });
      expect(found).toEqual({ id: 'big-q8_0', path: path.join(folder(), names[0]!) });
    },
  );

  test('from an address and from files on this machine too', async () => {
    const address = `${hub.origin}/cdn/o/big/Q8_0/Big-Q8_0-00001-of-00003.gguf`;
    expect((await pull(address)).files).toHaveLength(3);
    for (const [i, part] of parts.entries())
      writeFileSync(path.join(root, `x-0000${i + 1}-of-00003.gguf`), part);
    expect((await pull(path.join(root, 'x-00001-of-00003.gguf'))).files).toHaveLength(3);
  });

  test('a part that does not match is fetched again, the others are not', async () => {
    const damaged = Buffer.from(parts[1]!);
    damaged[damaged.length - 1]! ^= 1;
    hub.troubles = [sendFile, (request, response) => sendFile(request, response, damaged)];
    await expect(pull('hf:o/big:Q8_0')).rejects.toMatchObject({ code: 'FILE_CHECKSUM' });
    expect(existsSync(folder())).toBe(false);
    hub.requests = [];
    await pull('hf:o/big:Q8_0');
    expect(fileRequests().map(({ url }) => url.slice(-15))).toEqual(['2-of-00003.gguf', '3-of-00003.gguf']);
    for (const [i, name] of names.entries())
      expect(readFileSync(path.join(folder(), name))).toEqual(parts[i]);
  });

  test.each([
    ['of different models', async () => [parts[0]!, (await toyModel(2))[1]!, parts[2]!]],
    ['in another order', async () => [parts[0]!, parts[2]!, parts[1]!]],
  ])('parts %s are refused', async (_what, files) => {
    for (const [i, part] of (await files()).entries()) {
      writeFileSync(path.join(root, `x-0000${i + 1}-of-00003.gguf`), part);
    }
    await expect(pull(path.join(root, 'x-00001-of-00003.gguf'))).rejects.toMatchObject({
      code: 'GGUF_INVALID',
    });
    expect(existsSync(path.join(models, 'x'))).toBe(false);
  });

  test('a repository without one of the parts, and one sha256 for several files, are refused', async () => {
    await expect(pull('hf:o/torn:Q8_0')).rejects.toThrow(/but not .*00003-of-00003/);
    await expect(pull('hf:o/big:Q8_0', { sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'USAGE' });
    expect(fileRequests()).toEqual([]);
  });
});

describe('names', () => {
  test('a curated model is known by its short name afterwards, whatever size the hub says it has', async () => {
    const { alias, gigabytes } = curatedModels.find(({ ref }) => ref.includes('SmolLM2'))!;
    const repository = 'HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF';
    hub.repositories.set(repository, new Map([['smollm2-1.7b-instruct-q4_k_m.gguf', content]]));
    let told = 0;
    const onSource = ({ files }: ModelSource) => {
      told = files[0]!.bytes!;
    };
    const { id } = await pull(alias, { onSource });
    expect(told).toBe(content.length);
    expect(told).not.toBeCloseTo(gigabytes * 1e9, -6);
    expect(await readAliases(aliases)).toEqual(new Map([[alias, { engine: 'llama', model: id }]]));
    expect((await resolveModel('llama', alias, { own: models, shipped: '', aliases })).id).toBe(id);
  });

  test('a model that would hide an alias is not pulled', async () => {
    await setAlias('toy-model.q4_k_m', { engine: 'mlp', model: 'mlp' }, { taken: new Set(), file: aliases });
    await expect(pull()).rejects.toMatchObject({ code: 'USAGE', hint: expect.stringContaining('--remove') });
    expect(fileRequests()).toEqual([]);
  });
});

test(`${cuts} cuts at random points: never a bad install`, { timeout: 300_000 }, async () => {
  const random = new TorchGenerator(cuts);
  const upTo = (most: number) => 1 + (random.uint32() % most);
  for (let cut = 0; cut < cuts; cut++) {
    const isSplit = cut % 3 === 0;
    const length = isSplit ? parts[0]!.length : content.length;
    const point = upTo(length);
    hub.troubles = [sendSome(point), sendSome(upTo(length))];
    const { folder, files } = await pull(isSplit ? 'hf:o/big:Q8_0' : undefined);
    expect(files.map(({ name }) => sha256Of(readFileSync(path.join(folder, name))))).toEqual(
      (isSplit ? parts : [content]).map(sha256Of),
    );
    rmSync(folder, { recursive: true });
  }
});
