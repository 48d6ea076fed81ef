import { afterAll, expect, test } from 'vitest';
import { namedTemplates } from './named-templates.ts';
import { TemplateRenderer } from './template.ts';

const renderer = new TemplateRenderer(500);
afterAll(() => renderer[Symbol.dispose]());

const values = {
  messages: [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: 'Bye' },
  ],
  add_generation_prompt: true,
  bos_token: '<s>',
  eos_token: '</s>',
};

test('renders the messages', async () => {
  const template = '{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}';
  expect(await renderer.render(template, values)).toBe(
    '<s>[system]Be kind.[user]Hi[assistant]Hello[user]Bye',
  );
});

test.each([
  ['a loop over a hundred million', '{% for i in range(100000000) %}x{% endfor %}'],
  ['loops in loops', `${'{% for i in range(9999) %}'.repeat(4)}${'{% endfor %}'.repeat(4)}`],
  [
    'a list that doubles',
    '{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}',
  ],
  [
    'a text that doubles',
    "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
  ],
  ['deep brackets', `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`],
  ['a syntax error', '{% for %}'],
  ['its own exception', "{{ raise_exception('no such role') }}"],
])('%s is TEMPLATE_FAILED, and the next template renders', async (_name, template) => {
  await expect(renderer.render(template, values)).rejects.toMatchObject({ code: 'TEMPLATE_FAILED' });
  expect(await renderer.render('{{ messages | length }}', values)).toBe('4');
});

test.each(Object.entries(namedTemplates))(
  'the template %s holds every message once, in order',
  async (_, template) => {
    const text = await renderer.render(template, values);
    const places = ['Be kind.', 'Hi', 'Hello', 'Bye'].map((content) => text.indexOf(content));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(text.split('Hello')).toHaveLength(2);
  },
);
