import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';
import { look, show, splitSave, textSoFar } from './window.ts';

/** `/surprise on`: colours answers by the NLL of every token as they come; with a text, shows that text so. */
export const surpriseCommand: Command = {
  name: 'surprise',
  summary: 'colour text by how unlikely the model found it',
  usage: '[on | off | text] [--save file.png|svg]',
  complete: () => [
    { value: 'on', detail: 'colour the answers as they come' },
    { value: 'off', detail: 'plain answers again' },
  ],
  async run(argument, repl, screen) {
    const { rest, save } = splitSave(argument);
    if (rest === 'on' || rest === 'off') {
      const isOn = rest === 'on';
      repl.watching.setSurprise(isOn);
      repl.notice(
        isOn ? 'Answers are coloured by surprise; /surprise off ends it.' : 'Answers are plain again.',
      );
      return;
    }
    const text = rest === '' ? textSoFar(repl) : rest;
    if (text === '')
      throw new AppError('USAGE', 'There is no text yet.', {
        hint: '/surprise <text> shows a text of yours; /surprise on colours the answers as they come.',
      });
    await show(await look(repl, { type: 'surprise', text }), repl, screen, save);
  },
};
