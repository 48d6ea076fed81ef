import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fillTemplate, listTemplates, listTemplatesAt, parseTemplate, systemPromptOf } from './templates.ts';

const source = (text: string, head = '') => `+++\nname = "t"\ndescription = "d"\n${head}\n+++\n${text}`;
const parse = (text: string, head?: string) => parseTemplate(source(text, head), 't.md');

it('reads front matter, variables and text', () => {
  const template = parse(
    'Tell {{who}} about {{ what = cats }}, {{who}}. {{{{x}}\n',
    'stop = ["\\n"]\nmaxTokens = 5\nsystemPrompt = "s"\nengines = ["gpt"]\n[sampling]\ntopK = 3',
  );
  expect(template).toMatchObject({
    name: 't',
    description: 'd',
    engines: ['gpt'],
    settings: { stop: ['\n'], maxTokens: 5, systemPrompt: 's', sampling: { topK: 3 } },
    variables: [{ name: 'who' }, { name: 'what', default: 'cats' }],
  });
  expect(fillTemplate(template, { who: '$& {{what}}' })).toBe(
    'Tell $& {{what}} about cats, $& {{what}}. {{x}}',
  );
});

it.each([
  ['no front matter', 'Hello', 'no front matter'],
  ['no TOML', '+++\nname = \n+++\nx', 'TOML'],
  ['no description', '+++\nname = "a"\n+++\nx', 'description'],
  ['an odd name', '+++\nname = "../a"\ndescription = "d"\n+++\nx', 'name: '],
  ['an unknown key', source('x', 'temperatur = 1'), 'temperatur'],
  ['a variable that is not in the text', source('{{a}}', '[variables]\nb = "x"'), 'no {{b}}'],
  ['a role with a system prompt', source('x', 'role = "system"\nsystemPrompt = "y"'), 'it has no other'],
  ['an unknown role', source('x', 'role = "assistant"'), 'role'],
  ['a setting out of range', source('x', '[sampling]\ntopP = 3'), 'sampling.topP'],
])('refuses %s and says what is wrong', (_, text, message) => {
  expect(() => parseTemplate(text, 'bad.md')).toThrow(message);
  expect(() => parseTemplate(text, 'bad.md')).toThrow('bad.md');
});

it('names the values that are missing or unknown', () => {
  const template = parse('{{a}} {{b=1}}');
  expect(() => fillTemplate(template, {})).toThrow('needs a');
  expect(() => fillTemplate(template, { a: '', toString: '' })).toThrow('does not know toString');
  expect(fillTemplate(template, { a: '', b: '2' })).toBe(' 2');
});

it('reads files with Windows line ends and hostile text', () => {
  const template = parseTemplate(source('a\x1b[31mb\u202ec\n').replaceAll('\n', '\r\n'), 't.md');
  expect(template.text).toBe('abc');
});

it('lists the shipped templates, all of them whole', async () => {
  const listed = await listTemplates();
  expect(listed.filter((entry) => 'error' in entry)).toEqual([]);
  const names = listed.flatMap((entry) => ('template' in entry ? [entry.template.name] : []));
  expect(names).toEqual([
    'brief',
    'explain',
    'names',
    'review',
    'shakespeare',
    'summarise',
    'translate',
    'tutor',
  ]);
  const first = listed.find((entry) => 'template' in entry && entry.template.name === 'names');
  expect(first && 'template' in first && fillTemplate(first.template, {})).toBe('');
});

it('puts the person’s own before the shipped, and broken ones in the list', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'babble-prompts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['shipped', 'own']) mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, 'shipped', 't.md'), source('shipped'));
  writeFileSync(path.join(folder, 'own', 'mine.md'), source('own'));
  writeFileSync(path.join(folder, 'own', 'broken.md'), 'nothing');
  const listed = await listTemplates(['shipped', 'own', 'absent'].map((name) => path.join(folder, name)));
  expect(listed).toHaveLength(2);
  expect(listed.find((entry) => 'template' in entry)).toMatchObject({ template: { text: 'own' } });
  expect(listed.find((entry) => 'error' in entry)).toMatchObject({ error: { code: 'FILE_INVALID' } });
});

it('takes defaults and descriptions of variables from the front matter', () => {
  const template = parse(
    '{{a}} {{b}} {{c=3}}',
    '[variables]\na = "1"\nb = { description = "what b is" }\nc = { default = "4" }',
  );
  expect(template.variables).toEqual([
    { name: 'a', default: '1' },
    { name: 'b', description: 'what b is' },
    { name: 'c', default: '4' },
  ]);
  expect(fillTemplate(template, { b: '{{c}}' })).toBe('1 {{c}} 4');
});

it('a role is a system prompt, its variables at their defaults', () => {
  expect(systemPromptOf(parse('You are {{who=a cook}}.', 'role = "system"'))).toBe('You are a cook.');
  expect(systemPromptOf(parse('Hello', 'systemPrompt = "s"'))).toBe('s');
  expect(() => systemPromptOf(parse('You are {{who}}.', 'role = "system"'))).toThrow('needs who');
});

it('takes those of the folder one works in, and leaves other Markdown there alone', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'babble-prompts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'prompts'));
  writeFileSync(path.join(folder, 'prompts', 'names.md'), source('here').replace('"t"', '"names"'));
  writeFileSync(path.join(folder, 'prompts', 'other.md'), '# Not ours');
  writeFileSync(path.join(folder, 'prompts', 'broken.md'), '+++\nname = 1\n+++\n');
  const listed = await listTemplatesAt(folder);
  const names = listed.find((entry) => 'template' in entry && entry.template.name === 'names');
  expect(names).toMatchObject({ template: { text: 'here' } });
  const broken = listed.filter((entry) => 'error' in entry).map(({ file }) => path.basename(file));
  expect(broken).toEqual(['broken.md']);
});
