import type { InspectReport } from '../../engines/engine.ts';
import { enginesWith, findEngine } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';
import { look, show, splitSave, textSoFar } from './window.ts';

type Matrix = Extract<InspectReport, { type: 'matrix' }>;

const shown = 10;
/** A picture of attention or of the layers is as wide as its text. */
const readTokens = 32;

/**
 * `/why`: where the next token comes from. The table's row for the last letter (bigram); what each layer would say,
 * and with a layer and a head what that head looks at (gpt, tiny-llama); else the last letter's neighbours, those
 * that the model takes for most alike (mlp, wavenet).
 */
export const whyCommand: Command = {
  name: 'why',
  summary: 'where the next token comes from; a layer and a head show attention',
  usage: '[layer head] [--save file.png|svg]',
  async run(argument, repl, screen) {
    const { rest, save } = splitSave(argument);
    const text = textSoFar(repl);
    const { views } = findEngine(repl.session.engineId);
    const prompt = text.slice(-readTokens);
    if (rest !== '') {
      const { layer, head } = parsePlace(rest);
      return show(await look(repl, { type: 'attention', prompt, layer, head }), repl, screen, save);
    }
    if (views.includes('logit-lens'))
      return show(await look(repl, { type: 'logit-lens', prompt }), repl, screen, save);
    // A model that sees one token is its table; one that sees more has rows for no text of its own.
    const isTable = views.includes('heatmap') && repl.session.engineInfo?.contextLength === 1;
    const table = isTable ? 'heatmap' : 'similarity';
    if (!views.includes(table))
      throw new AppError('ENGINE_UNSUPPORTED', `${repl.session.engineId} cannot say why.`, {
        hint: `Engines that can: ${enginesWith('similarity').join(', ')}. /probs shows what may come next.`,
      });
    const matrix = (await look(repl, { type: table })) as Matrix;
    return show(rowOf(matrix, text, table), repl, screen, save);
  },
};

/** The likeliest, or most alike, tokens in the row of a text's last token; the first row's without a text. */
export function rowOf(matrix: Matrix, text: string, table: 'heatmap' | 'similarity'): InspectReport {
  const row = Math.max(0, matrix.rowLabels.indexOf(Array.from(text).at(-1) ?? ''));
  const label = matrix.rowLabels[row]!;
  const width = matrix.columnLabels.length;
  const best = Array.from(matrix.values.subarray(row * width, (row + 1) * width), (value, tokenId) => ({
    tokenId,
    value,
    text: matrix.columnLabels[tokenId]!,
  }))
    .sort((a, b) => b.value - a.value)
    .slice(0, shown);
  if (table === 'heatmap')
    return {
      type: 'distribution',
      title: `${matrix.title}: the row of ${JSON.stringify(label)}`,
      tokens: best.map(({ tokenId, text: token, value }) => ({ tokenId, text: token, probability: value })),
    };
  return {
    type: 'matrix',
    title: `${matrix.title}: those most like ${JSON.stringify(label)}`,
    rowLabels: [label],
    columnLabels: best.map(({ text: token }) => token),
    values: Float32Array.from(best, ({ value }) => value),
    cellLabels: best.map(({ value }) => value.toFixed(2)),
  };
}

function parsePlace(text: string): { layer: number; head: number } {
  const [, layer, head] = /^(\d+)\s+(\d+)$/.exec(text) ?? [];
  if (layer !== undefined && head !== undefined) return { layer: Number(layer), head: Number(head) };
  throw new AppError('USAGE', `/why takes a layer and a head, as in /why 0 3, not "${text}".`);
}
