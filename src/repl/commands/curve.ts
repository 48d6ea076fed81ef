import { resolveModel } from '../../catalogue/catalogue.ts';
import { readLossCurve } from '../../pictures/index.ts';
import type { Command } from './command.ts';
import { show, splitSave } from './window.ts';

/** `/curve`: how the loss fell in the run that made this model. */
export const curveCommand: Command = {
  name: 'curve',
  summary: 'the losses of the run that made this model',
  usage: '[--save file.png|svg]',
  async run(argument, repl, screen) {
    const { save } = splitSave(argument);
    const { engineId, modelId } = repl.session;
    const curve = await readLossCurve(engineId, await resolveModel(engineId, modelId));
    await show(curve, repl, screen, save);
  },
};
