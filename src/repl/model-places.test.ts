import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../chat/store/store.ts';
import type { ChatSession } from '../chat/types.ts';
import { LocalServices } from './local-services.ts';

const shipped = fileURLToPath(new URL('../../models/tiny-llama-gguf/model.gguf', import.meta.url));
const { signal } = new AbortController();

let folder: string;
let file: string;
let model: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'babble-places-'));
  file = path.join(folder, 'babble.db');
  model = path.join(folder, 'mine.gguf');
  copyFileSync(shipped, model);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function ask(session: ChatSession): Promise<string> {
  let text = '';
  session.updateSettings({ maxTokens: 4 });
  for await (const part of session.send('ROMEO:', signal)) if (part.type === 'text-delta') text += part.text;
  return text;
}

async function talkOnce(): Promise<string> {
  using store = openStore(file);
  await using services = new LocalServices(store);
  await using session = await services.createSession('llama', model);
  expect(await ask(session)).not.toBe('');
  return session.summary.id;
}

test('a conversation with a model that was named by its path goes on without the path', async () => {
  const id = await talkOnce();
  using store = openStore(file);
  await using services = new LocalServices(store);
  await using session = await services.openSession(id);
  expect(session.summary.modelId).toBe('mine');
  expect(await ask(session)).not.toBe('');
  expect(session.messages).toHaveLength(4);
});

test('where the file has gone the error names it, and the conversation can be read', async () => {
  const id = await talkOnce();
  rmSync(model);
  using store = openStore(file);
  await using services = new LocalServices(store);
  await using session = await services.openSession(id);
  expect(session.messages).toHaveLength(2);
  await expect(ask(session)).rejects.toMatchObject({
    code: 'UNKNOWN_MODEL',
    message: expect.stringContaining(model),
  });
});
