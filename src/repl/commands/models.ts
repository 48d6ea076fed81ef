import { shortCount } from '../numbers.ts';
import type { Command } from './command.ts';

/** `/models`: the models on this machine. */
export const modelsCommand: Command = {
  name: 'models',
  summary: 'list the models on this machine',
  usage: '',
  async run(_argument, repl) {
    const choices = await repl.services.listEngines();
    if (choices.length === 0) return repl.notice('There are no models on this machine.');
    const name = Math.max(...choices.map(({ modelId }) => modelId.length)) + 2;
    repl.notice(
      choices
        .map(({ engineId, modelId, parameterCount, description, problem }) => {
          const current = engineId === repl.session.engineId && modelId === repl.session.modelId;
          const size = parameterCount === undefined ? '' : shortCount(parameterCount);
          return `${current ? '● ' : '  '}${modelId.padEnd(name)}${size.padStart(6)}  ${problem ?? description}`;
        })
        .join('\n'),
    );
  },
};
