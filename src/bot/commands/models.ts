import { listModels } from '../../catalogue/catalogue.ts';
import type { BotCommand } from './command.ts';
import { define } from './define.ts';
import { codeBlock, replyText } from './reply.ts';

export const models: BotCommand = {
  definition: define('models', 'List the models with their size and loss'),
  async run(interaction) {
    const usable = (await listModels()).filter((model) => !model.error);
    const rows = usable.map(({ id, parameterCount, losses }) => {
      const name = ['test', 'val', 'train'].find((candidate) => losses[candidate] !== undefined);
      return [id, String(parameterCount), name ? `${losses[name]!.toFixed(4)} ${name}` : ''] as const;
    });
    const all = [['model', 'parameters', 'loss'] as const, ...rows];
    const width = (column: 0 | 1) => Math.max(...all.map((row) => row[column].length));
    const lines = all.map(([id, count, loss]) =>
      `${id.padEnd(width(0))}  ${count.padStart(width(1))}  ${loss}`.trimEnd(),
    );
    await replyText(interaction, codeBlock(lines.join('\n')));
  },
};
