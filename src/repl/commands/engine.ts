import { AppError } from '../../errors.ts';
import { shortCount } from '../numbers.ts';
import type { Repl } from '../repl.ts';
import type { EngineChoice } from '../services.ts';
import type { Command } from './command.ts';

/** `/engine`: a menu of engines, or a switch to the one named. The conversation goes on. */
export const engineCommand: Command = {
  name: 'engine',
  summary: 'switch to another engine; the conversation goes on',
  usage: '[engine] [model]',
  whileWriting: 'stop',
  async complete(_argument, repl) {
    const choices = await repl.services.listEngines();
    return choices.map((choice) => ({ value: address(choice), detail: describe(choice) }));
  },
  async run(argument, repl, screen) {
    if (argument !== '') {
      const [engineId = '', ...model] = argument.split(/\s+/);
      return repl.switchEngine(engineId, model.length > 0 ? model.join(' ') : undefined);
    }
    const choices = await repl.services.listEngines();
    if (choices.length === 0)
      throw new AppError('UNKNOWN_ENGINE', 'No engine has a model on this machine.', {
        hint: 'Run `babble models` to see what is installed.',
      });
    const chosen = await screen.choose({
      title: 'Engine',
      items: choices.map((choice) => ({ label: address(choice), detail: describe(choice), value: choice })),
      selected: Math.max(
        0,
        choices.findIndex((choice) => isCurrent(choice, repl)),
      ),
    });
    if (!chosen) return;
    if (chosen.problem) throw new AppError('ENGINE_LOAD_FAILED', chosen.problem);
    if (isCurrent(chosen, repl)) return repl.notice(`${chosen.engineId} is the engine already.`);
    await repl.switchEngine(chosen.engineId, chosen.modelId);
  },
};

function isCurrent(choice: EngineChoice, repl: Repl): boolean {
  return choice.engineId === repl.session.engineId && choice.modelId === repl.session.modelId;
}

function address({ engineId, modelId }: EngineChoice): string {
  return engineId === modelId ? engineId : `${engineId} ${modelId}`;
}

function describe({ parameterCount, description, problem }: EngineChoice): string {
  if (problem) return problem;
  return parameterCount === undefined ? description : `${shortCount(parameterCount)} · ${description}`;
}
