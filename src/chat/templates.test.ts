import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fillTemplate, listTemplates, parseTemplate } from './templates.ts';

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
  expect(names).toEqual(['explain', 'names', 'review', 'shakespeare', 'summarise', 'translate']);
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
