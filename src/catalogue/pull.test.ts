/**
 * Pulling against a server that behaves like the hub, good days and bad. The long run of cuts:
 *   BABBLE_CUTS=500 npx vitest run src/catalogue/pull
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type GgufValue, ggmlType } from '../formats/gguf/types.ts';
import { writeGguf } from '../formats/gguf/write.ts';
import type { DownloadProgress } from './download.ts';
import { pullModel } from './pull.ts';

const cuts = Number(process.env['BABBLE_CUTS'] ?? 12);
const token = 'hf_secret';
const never = new AbortController().signal;

let content: Buffer;
let sha256: string;
let root: string;
let server: Server;
let origin: string;
/** What the file server does with the next requests, first come first served; then all goes well. */
let troubles: ((request: IncomingMessage, response: ServerResponse) => void)[];
let requests: { url: string; authorization: string | undefined; range: string | undefined }[];

beforeAll(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'babble-pull-'));
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['llama.context_length', { type: 'uint32', value: 8 }],
    ['llama.embedding_length', { type: 'uint32', value: 4 }],
    ['llama.block_count', { type: 'uint32', value: 1 }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: ['a', 'b'] }],
  ]);
  const data = () => [randomBytes(400_000)];
  const file = path.join(folder, 'x.gguf');
  await writeGguf(file, metadata, [{ name: 'w', shape: [100_000], type: ggmlType('f32'), data }]);
  content = readFileSync(file);
  rmSync(folder, { recursive: true });
  sha256 = createHash('sha256').update(content).digest('hex');
  server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'babble-pull-'));
  troubles = [];
  requests = [];
});
afterEach(() => rmSync(root, { recursive: true }));

function serve(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '';
  const { authorization, range } = request.headers;
  requests.push({ url, authorization, range });
  if (url.startsWith('/api/models/o/r')) {
    const lfs = { sha256, size: content.length };
    const siblings = [
      { rfilename: 'README.md' },
      { rfilename: 'Toy-Model.Q4_K_M.gguf', size: lfs.size, lfs },
    ];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ cardData: { license: 'mit' }, siblings }));
  } else if (url.startsWith('/o/r/resolve/')) {
    // As the hub does: the file itself is on another server.
    response.writeHead(302, { location: `${origin.replace('127.0.0.1', 'localhost')}/cdn` }).end();
  } else {
    (troubles.shift() ?? sendFile)(request, response);
  }
}

function sendFile(request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start >= content.length) {
    response.writeHead(416).end();
    return;
  }
  const headers = { 'content-length': content.length - start };
  const range = { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
  response.writeHead(request.headers.range ? 206 : 200, {
    ...headers,
    ...(request.headers.range ? range : {}),
  });
  response.end(content.subarray(start));
}

const status =
  (code: number, headers = {}) =>
  (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(code, headers).end('trouble');
  };

/** Sends some bytes of what was asked for, then hangs up. */
const cutAfter = (bytes: number) => (request: IncomingMessage, response: ServerResponse) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = `bytes ${start}-${content.length - 1}/${content.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': content.length - start,
    ...(start > 0 ? { 'content-range': range } : {}),
  });
  response.write(content.subarray(start, start + bytes), () => response.destroy());
};

const pull = (ref = 'hf:o/r:Q4_K_M', change: { sha256?: string; signal?: AbortSignal } = {}) =>
  pullModel(ref, {
    signal: never,
    models: root,
    retryMs: 1,
    env: { HF_ENDPOINT: origin, HF_TOKEN: token },
    ...change,
  });
const installed = () => path.join(root, 'toy-model.q4_k_m', 'model.gguf');

test('fetches by tag or file name, checks the hash, and knows it the next time', async () => {
  const pulled = await pull();
  expect(pulled).toMatchObject({ id: 'toy-model.q4_k_m', bytes: content.length, sha256, existed: false });
  expect(readFileSync(installed())).toEqual(content);
  expect(readdirSync(root)).toEqual(['toy-model.q4_k_m']);
  const source = JSON.parse(readFileSync(path.join(root, 'toy-model.q4_k_m', 'source.json'), 'utf8'));
  expect(source).toMatchObject({ ref: 'hf:o/r:Q4_K_M', license: 'mit', sha256 });
  expect((await pull('hf:o/r/Toy-Model.Q4_K_M.gguf')).existed).toBe(true);
});

test('the token goes to the hub alone', async () => {
  await pull();
  const seen = requests.map(({ url, authorization }) => [url.split('?')[0], authorization]);
  expect(seen).toEqual([
    ['/api/models/o/r', `Bearer ${token}`],
    ['/o/r/resolve/main/Toy-Model.Q4_K_M.gguf', `Bearer ${token}`],
    ['/cdn', undefined],
  ]);
  requests = [];
  await pull(`${origin.replace('127.0.0.1', 'localhost')}/other.gguf`);
  expect(requests.map(({ authorization }) => authorization)).toEqual([undefined]);
});

test('goes on after 429, 5xx and cut connections, from where it was', async () => {
  troubles = [status(503), cutAfter(100_000), status(429, { 'retry-after': '0' }), cutAfter(50_000)];
  await pull();
  expect(readFileSync(installed())).toEqual(content);
  const ranges = requests.filter(({ url }) => url === '/cdn').map(({ range }) => range);
  expect(ranges.slice(0, 2)).toEqual([undefined, undefined]);
  expect(ranges.slice(2).every((range) => range !== undefined && range !== 'bytes=0-')).toBe(true);
});

test('a server that knows no ranges starts over', async () => {
  const whole = (_: IncomingMessage, response: ServerResponse) => response.end(content);
  troubles = [cutAfter(100_000), whole];
  await pull();
  expect(readFileSync(installed())).toEqual(content);
});

test.each([
  ['401', () => [status(401)], 'DOWNLOAD_FAILED', 'HF_TOKEN'],
  ['404', () => [status(404)], 'DOWNLOAD_FAILED', undefined],
  ['5xx for ever', () => Array.from({ length: 9 }, () => status(500)), 'DOWNLOAD_FAILED', undefined],
  [
    'a redirect to plain http',
    () => [status(302, { location: 'http://example.com/x' })],
    'DOWNLOAD_FAILED',
    undefined,
  ],
  [
    'redirects in a circle',
    () => Array.from({ length: 9 }, () => status(302, { location: '/cdn' })),
    'DOWNLOAD_FAILED',
    undefined,
  ],
])('%s is a typed error and installs nothing', async (_name, trouble, code, hint) => {
  troubles = trouble();
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
  expect(readdirSync(root).filter((name) => !name.startsWith('.'))).toEqual(['not.gguf']);
});

test('a second pull of the same model says that one is running', async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: finish } = Promise.withResolvers<void>();
  troubles = [
    (request, response) => {
      start();
      void goOn.then(() => sendFile(request, response));
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
  troubles = [
    (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 200_000), () => setImmediate(() => controller.abort()));
    },
  ];
  await expect(pull(undefined, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  expect(existsSync(installed())).toBe(false);
  await pull();
  expect(readFileSync(installed())).toEqual(content);
});

test('progress ends at the size', async () => {
  const seen: DownloadProgress[] = [];
  await pullModel('hf:o/r:Q4_K_M', {
    ...{ signal: never, models: root, env: { HF_ENDPOINT: origin } },
    onProgress: (progress) => seen.push(progress),
  });
  expect(seen.at(-1)).toMatchObject({ bytes: content.length, totalBytes: content.length });
});

test(`${cuts} cuts at random points: never a bad install`, { timeout: 300_000 }, async () => {
  for (let cut = 0; cut < cuts; cut++) {
    const point = 1 + Math.floor((content.length - 2) * ((cut * 0.618) % 1));
    troubles = [cutAfter(point), cutAfter(Math.ceil((content.length - point) / 2))];
    await pull();
    expect(createHash('sha256').update(readFileSync(installed())).digest('hex')).toBe(sha256);
    rmSync(path.dirname(installed()), { recursive: true });
  }
});
