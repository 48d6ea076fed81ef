import { beforeEach, expect, it } from 'vitest';
import { openStore, type Store } from './store/store.ts';
import { exportConversation } from './transcript.ts';
import { importConversation } from './transcript-import.ts';
import type { StoredMessage } from './types.ts';

const at = '2026-01-02T03:04:05.000Z';
let store: Store;
beforeEach(() => {
  store = openStore(':memory:');
  store.createConversation({
    id: 'one',
    origin: '',
    engineId: 'mlp',
    modelId: 'mlp',
    settings: { sampling: { seed: 3 }, stop: ['\n'] },
    createdAt: at,
  });
  const add = (message: Pick<StoredMessage, 'id' | 'parentId' | 'role' | 'content'>) =>
    store.addMessage('one', {
      ...message,
      createdAt: at,
      ...(message.role === 'assistant' ? { engineId: 'mlp', modelId: 'mlp', reason: 'stop' as const } : {}),
    });
  add({ id: 'u', parentId: null, role: 'user', content: 'Hello\n```\ncode\n```' });
  add({ id: 'a', parentId: 'u', role: 'assistant', content: 'emma' });
  add({ id: 'b', parentId: 'u', role: 'assistant', content: 'olivia' });
});

it('writes the branch that is shown as text and as Markdown', () => {
  const conversation = store.loadConversation('one');
  expect(exportConversation(conversation, 'text')).toBe('You: Hello\n```\ncode\n```\n\nmlp: olivia\n');
  expect(exportConversation(conversation, 'markdown')).toBe(
    '# Hello ``` code ```\n\n*2026-01-02T03:04:05.000Z*\n\n**You**\n\nHello\n```\ncode\n```\n\n**mlp**\n\nolivia\n',
  );
});

it('reads its JSON back with every branch, as a conversation of its own', () => {
  store.updateConversation('one', { head: 'a' });
  const before = store.loadConversation('one');
  const after = store.loadConversation(importConversation(exportConversation(before, 'json'), store));
  expect(after.summary).toMatchObject({ title: before.summary.title, engineId: 'mlp', messageCount: 3 });
  expect(after.settings).toEqual(before.settings);
  expect(exportConversation(after, 'markdown')).toBe(exportConversation(before, 'markdown'));
  expect(after.messages.map(({ content, reason }) => [content, reason])).toEqual(
    before.messages.map(({ content, reason }) => [content, reason]),
  );
  expect(after.messages[0]?.id).not.toBe('u');
  expect(store.listConversations()).toHaveLength(2);
});

it('reads its Markdown back: the branch that is shown, whatever its texts hold', () => {
  const texts = ['', '\n\n**You**\n', '**mlp**\n\nnot a speaker', '\\**You**', '# head\n\n*star*\n', ' end '];
  let parentId: string | null = 'b';
  for (const [index, content] of texts.entries()) {
    const role = index % 2 === 0 ? 'user' : 'assistant';
    const by = role === 'user' ? {} : { engineId: 'llama', modelId: 'smol 135m', reason: 'stop' as const };
    const message: StoredMessage = { id: `m${index}`, parentId, role, content, createdAt: at, ...by };
    store.addMessage('one', message);
    parentId = message.id;
  }
  const before = store.loadConversation('one');
  const markdown = exportConversation(before, 'markdown');
  for (const file of [markdown, markdown.replaceAll('\n', '\r\n')]) {
    const after = store.loadConversation(importConversation(file, store));
    expect(after.summary).toMatchObject({
      title: before.summary.title,
      createdAt: at,
      engineId: 'llama',
      modelId: 'smol 135m',
    });
    const shown = before.messages.filter(({ id }) => id !== 'a');
    const words = ({ role, content, engineId, modelId }: StoredMessage) => [role, content, engineId, modelId];
    expect(after.messages.map(words)).toEqual(shown.map(words));
    expect(exportConversation(after, 'markdown')).toBe(markdown);
  }
});

it('cleans what it reads', () => {
  const json = exportConversation(store.loadConversation('one'), 'json').replace('emma', 'em\\u001b[2Jma');
  const { messages } = store.loadConversation(importConversation(json, store));
  expect(messages[1]?.content).toBe('emma');
});

it.each([
  ['no JSON', () => '{hello', 'no JSON'],
  ['another text', () => '# hello\n\nyou', 'neither as JSON nor with a title'],
  ['Markdown without an answer', () => `# hello\n\n*${at}*\n\n**You**\n\nhi\n`, 'no answer'],
  ['another JSON', () => '{"a": 1}', 'babble'],
  ['a newer version', (json: string) => json.replace('"babble": 1', '"babble": 2'), 'babble'],
  ['an orphan', (json: string) => json.replace('"parentId": "u"', '"parentId": "x"'), 'parent'],
  ['a doubled id', (json: string) => json.replace('"id": "b"', '"id": "a"'), 'same id'],
  ['a lost head', (json: string) => json.replace('"head": "b"', '"head": "x"'), 'head'],
  ['a wrong setting', (json: string) => json.replace('"seed": 3', '"seed": "3"'), 'settings.sampling.seed'],
])('refuses %s and keeps nothing of it', (_, change, message) => {
  const json = exportConversation(store.loadConversation('one'), 'json');
  expect(() => importConversation(change(json), store)).toThrow(message);
  expect(store.listConversations()).toHaveLength(1);
});
