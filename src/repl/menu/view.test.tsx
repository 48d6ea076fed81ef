import { render } from 'ink-testing-library';
import { expect, test } from 'vitest';
import { plainTheme as theme } from '../theme.ts';
import { type MenuState, matches, menuReducer } from './reducer.ts';
import { MenuView } from './view.tsx';

const names = ['bigram-count', 'bigram-grad', 'mlp', 'wavenet', 'gpt', 'tiny-llama', 'llama', 'remote'];
const items = names.map((label, index) => ({ label, detail: `engine ${index}`, value: label }));
const open = menuReducer(undefined, { type: 'open', menu: { title: 'Engine', items, selected: 2 } })!;

const draw = (state: MenuState, columns = 40) =>
  render(<MenuView state={state} columns={columns} most={5} theme={theme} />)
    .lastFrame()!
    .split('\n');

test('shows the selected item and says how many there are besides', () => {
  expect(draw(open)).toEqual([
    'Engine:',
    '  bigram-count  engine 0',
    '  bigram-grad   engine 1',
    '› mlp           engine 2',
    '  wavenet       engine 3',
    '  … 1–4 of 8',
  ]);
});

test('the arrows stop at the ends, typing narrows by every word', () => {
  const last = menuReducer(open, { type: 'move', by: Number.POSITIVE_INFINITY })!;
  expect(matches(last)[last.selected]?.label).toBe('remote');
  expect(menuReducer(last, { type: 'move', by: 1 })?.selected).toBe(7);
  const narrowed = menuReducer(open, { type: 'filter', filter: 'LLAMA eng' })!;
  expect(matches(narrowed).map(({ label }) => label)).toEqual(['tiny-llama', 'llama']);
  expect(draw(menuReducer(open, { type: 'filter', filter: 'zzz' })!)).toContain('  nothing matches');
});

test('names from outside are cleaned, and long ones cut', () => {
  const menu = { title: 'x', items: [{ label: `\x1b[31m${'漢'.repeat(40)}`, value: 0 }] };
  const [, row] = draw({ menu, filter: '', selected: 0 }, 20);
  expect(row).toBe(`› ${'漢'.repeat(8)}…`);
});
