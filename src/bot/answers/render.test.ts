import { expect, test } from 'vitest';
import { parseButton } from './buttons.ts';
import { type AnswerView, describeUsage, mostMessages, renderAnswer } from './render.ts';

const view: AnswerView = {
  answerId: 'a1',
  kind: 'chat',
  text: 'hello',
  footer: 'mlp · 5 tokens',
  actions: ['regenerate', 'continue'],
  finished: true,
};

test('the footer and the buttons stand under the last message only', () => {
  const payloads = renderAnswer({ ...view, text: `${'word '.repeat(500)}` });
  expect(payloads.length).toBe(2);
  expect(payloads[0]!.components).toEqual([]);
  expect(payloads[1]!.content).toContain('\n-# mlp · 5 tokens');
  const [row] = payloads[1]!.components as [{ components: { custom_id: string }[] }];
  expect(row.components.map((button) => parseButton(button.custom_id))).toEqual([
    { action: 'regenerate', answerId: 'a1' },
    { action: 'continue', answerId: 'a1' },
  ]);
});

test('a very long answer comes as a file too, once it is finished', () => {
  const text = 'word '.repeat(5_000);
  const running = renderAnswer({ ...view, text, finished: false });
  expect(running).toHaveLength(mostMessages);
  expect(running.at(-1)!.files).toBeUndefined();
  const last = renderAnswer({ ...view, text }).at(-1)!;
  expect(String(last.files?.[0]?.data)).toBe(text);
  for (const { content } of running) expect(content.length).toBeLessThanOrEqual(2_000);
});

test.each([
  ['Once upon a ti', 'Once upon a'],
  ['Once', 'Once'],
  ['むかしむかし', 'むかしむかし'],
  [' the', 'the'],
])('while it is written, %j shows whole words', (text, shown) => {
  expect(renderAnswer({ ...view, text, finished: false })[0]!.content.trimStart()).toBe(
    `${shown}\n-# ${view.footer}`,
  );
  expect(renderAnswer({ ...view, text })[0]!.content).toContain(text);
});

test('a completion goes on from the question in the same line; Markdown in the question stays text', () => {
  expect(renderAnswer({ ...view, kind: 'completion', question: 'em*', text: 'ma' })[0]!.content).toBe(
    '**em\\***ma\n-# mlp · 5 tokens',
  );
});

test('a chat answer quotes the question on one line', () => {
  expect(renderAnswer({ ...view, question: 'two\nlines' })[0]!.content).toBe(
    '> two lines\nhello\n-# mlp · 5 tokens',
  );
});

test('an answer with no text yet shows its footer alone', () => {
  expect(renderAnswer({ ...view, text: '', footer: 'place 2 in the queue' })[0]!.content).toBe(
    '-# place 2 in the queue',
  );
});

test.each([
  [{ tokens: 1, tokensPerSecond: 0 }, 'mlp · 1 token'],
  [{ tokens: 12, tokensPerSecond: 339.6 }, 'mlp · 12 tokens · 340 tokens/s'],
  [{ tokens: 3, tokensPerSecond: 1.081 }, 'mlp · 3 tokens · 1.08 tokens/s'],
])('%j reads %j', (usage, text) => {
  expect(describeUsage('mlp', usage)).toBe(text);
});

test('a custom id of another origin is not ours', () => {
  expect(parseButton('answer:explode:a1')).toBeUndefined();
  expect(parseButton('other:stop:a1')).toBeUndefined();
});
