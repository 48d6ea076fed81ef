import { expect, test } from 'vitest';
import { rowOf } from './why.ts';
import { splitSave } from './window.ts';

test.each([
  ['', { rest: '' }],
  ['some text', { rest: 'some text' }],
  ['--save a.png', { rest: '', save: 'a.png' }],
  ['some text --save my pictures/a.svg', { rest: 'some text', save: 'my pictures/a.svg' }],
])('"%s" is split into text and file', (argument, expected) => {
  expect(splitSave(argument)).toEqual(expected);
});

test('--save without a file is refused', () => {
  expect(() => splitSave('em --save')).toThrow(/--save needs a file/);
});

const matrix = {
  type: 'matrix' as const,
  title: 'Table',
  rowLabels: ['.', 'a', 'b'],
  columnLabels: ['.', 'a', 'b'],
  values: Float32Array.of(0, 1, 0, 0.5, 0.125, 0.375, 1, 0, 0),
};

test('/why shows the table’s row of the last letter, likeliest first', () => {
  expect(rowOf(matrix, 'ba', 'heatmap')).toEqual({
    type: 'distribution',
    title: 'Table: the row of "a"',
    tokens: [
      { tokenId: 0, text: '.', probability: 0.5 },
      { tokenId: 2, text: 'b', probability: 0.375 },
      { tokenId: 1, text: 'a', probability: 0.125 },
    ],
  });
});

test('/why without a text shows how one begins', () => {
  expect(rowOf(matrix, '', 'heatmap')).toMatchObject({ tokens: [{ text: 'a' }, {}, {}] });
});

test('/why shows the neighbours of the last letter, most alike first', () => {
  const { values, cellLabels, ...rest } = rowOf(matrix, 'ba', 'similarity') as typeof matrix & {
    cellLabels: string[];
  };
  expect(rest).toEqual({
    type: 'matrix',
    title: 'Table: those most like "a"',
    rowLabels: ['a'],
    columnLabels: ['.', 'b', 'a'],
  });
  expect([...values]).toEqual([0.5, 0.375, 0.125]);
  expect(cellLabels).toEqual(['0.50', '0.38', '0.13']);
});
