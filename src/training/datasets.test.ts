import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sharedDataFolder } from '../paths.ts';
import { loadDataset } from './datasets.ts';

let folder: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'babble-datasets-'));
});

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server!.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/names.txt`;
}

const load = (url: string) => loadDataset('names', { url, cacheFolder: folder, sharedFolder: null });
const cachedFiles = () => readdir(path.join(folder, 'datasets'));

test('a file of one’s own is read as it is, unless it is not there or not text', async () => {
  const file = path.join(folder, 'my.txt');
  await writeFile(file, 'anna\nben\n');
  expect((await loadDataset('names', { file })).text).toBe('anna\nben\n');
  await expect(loadDataset('names', { file: `${file}x` })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await writeFile(file, Uint8Array.of(0x61, 0xff));
  await expect(loadDataset('names', { file })).rejects.toMatchObject({ code: 'FILE_INVALID' });
});

test('a missing file on the server is told at once, with what to do', async () => {
  let requests = 0;
  const url = await serve((_, response) => {
    requests += 1;
    response.writeHead(404).end();
  });
  await expect(load(url)).rejects.toMatchObject({
    code: 'DATASET_UNAVAILABLE',
    message: expect.stringContaining('404'),
    hint: expect.stringContaining('--data names.txt'),
  });
  expect(requests).toBe(1);
});

test('a text with another hash is never kept', async () => {
  const url = await serve((_, response) => response.end('x'.repeat(228_145)));
  await expect(load(url)).rejects.toMatchObject({
    code: 'DATASET_UNAVAILABLE',
    message: expect.stringContaining('sha256'),
  });
  expect(await cachedFiles()).toEqual([]);
});

test('more bytes than the text has are cut off', async () => {
  const url = await serve((_, response) => response.end('x'.repeat(300_000)));
  await expect(load(url)).rejects.toMatchObject({
    message: expect.stringContaining('more than the expected'),
  });
});

test('an aborted download throws the reason', async () => {
  const reason = new Error('enough');
  const abort = new AbortController();
  const url = await serve(() => abort.abort(reason));
  const options = { url, cacheFolder: folder, sharedFolder: null, signal: abort.signal };
  await expect(loadDataset('names', options)).rejects.toBe(reason);
});

const shared = sharedDataFolder();

describe.skipIf(!shared)('with the real text', () => {
  let bytes: Buffer;
  beforeEach(async () => {
    bytes = await readFile(path.join(shared!, 'names.txt'));
  });

  test('a download that is cut goes on where it stopped, and the next start needs no network', async () => {
    const ranges: (string | undefined)[] = [];
    const part = path.join(folder, 'datasets', 'names.txt.part');
    const url = await serve((request, response) => {
      ranges.push(request.headers.range);
      const begin = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(begin > 0 ? 206 : 200, { 'content-length': bytes.length - begin });
      if (begin > 0) response.end(bytes.subarray(begin));
      else {
        response.write(bytes.subarray(0, 100_000));
        // cut once some of it is on the disk: what is still on its way then is lost
        vi.waitFor(async () => expect((await stat(part)).size).toBeGreaterThan(0), 30_000)
          .finally(() => response.destroy())
          .catch(() => {});
      }
    });
    const { text } = await load(url);
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      createHash('sha256').update(bytes).digest('hex'),
    );
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=\d+-$/);
    expect(await cachedFiles()).toEqual(['names.txt']);

    const requests = ranges.length;
    expect((await load(url)).text).toBe(text);
    expect(ranges.length).toBe(requests);
  });

  test('a server that does not take up sends all of it again', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests += 1;
      response.writeHead(200, { 'content-length': bytes.length });
      if (requests === 1) response.write(bytes.subarray(0, 1000), () => response.destroy());
      else response.end(bytes);
    });
    expect((await load(url)).text.length).toBe(bytes.length);
  });

  test('a damaged file in the cache is loaded anew', async () => {
    const url = await serve((_, response) => response.end(bytes));
    await load(url);
    await writeFile(path.join(folder, 'datasets', 'names.txt'), 'damaged');
    expect((await load(url)).text.length).toBe(bytes.length);
  });
});
