import { expect, test } from 'vitest';
import { conversationAfter, conversationWith } from './conversation.ts';
import type { StoredAnswer } from './store/types.ts';

const user = (content: string) => ({ role: 'user' as const, content });
const assistant = (content: string) => ({ role: 'assistant' as const, content });
const answer = (messages: StoredAnswer['request']['messages'], text: string) =>
  ({ request: { messages }, text }) as unknown as StoredAnswer;

test('an answer follows its question', () => {
  expect(conversationAfter(answer([user('a')], 'b'))).toEqual([user('a'), assistant('b')]);
});

test('an answer that went on becomes one message', () => {
  expect(conversationAfter(answer([user('a'), assistant('b')], 'c'))).toEqual([user('a'), assistant('bc')]);
});

test('the oldest messages give way, the newest never', () => {
  const past = [user('x'.repeat(20_000)), assistant('y'.repeat(3_000))];
  expect(conversationWith(past, 'z'.repeat(2_000))).toEqual([past[1], user('z'.repeat(2_000))]);
  expect(conversationWith(past, 'z'.repeat(50_000))).toEqual([user('z'.repeat(50_000))]);
  expect(conversationWith(past, 'z')).toEqual([...past, user('z')]);
});
