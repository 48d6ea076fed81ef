import { longCount } from '../numbers.ts';
import type { Command } from './command.ts';

/** `/models`: the models on this machine. */
export const modelsCommand: Command = {
  name: 'models',
  summary: 'list the models on this machine',
  usage: '',
  async run(_argument, repl) {
    const choices = await repl.services.listEngines();
    if (choices.length === 0) return repl.notice('There are no models on this machine.');
    const rows = choices.map(({ engineId, modelId, parameterCount, description, problem }) => {
      const current = engineId === repl.session.engineId && modelId === repl.session.modelId;
      const size = parameterCount === undefined ? '' : ` · ${longCount(parameterCount)} parameters`;
      const engine = engineId === modelId ? '' : ` on ${engineId}`;
      return `${current ? '●' : '○'} ${modelId}${engine}${size}\n  ${problem ?? description}`;
    });
    repl.notice(rows.join('\n'));
  },
};
