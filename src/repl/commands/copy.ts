import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** `/copy`: the last answer to the clipboard, once the person has agreed. */
export const copyCommand: Command = {
  name: 'copy',
  summary: 'copy the last answer to the clipboard',
  usage: '',
  async run(_argument, repl, screen) {
    const answer = repl.session.messages.findLast(({ role }) => role === 'assistant')?.content;
    if (!answer) throw new AppError('USAGE', 'There is no answer to copy yet.');
    const agreed = await screen.choose({
      title: `Let the terminal put ${answer.length.toLocaleString('en')} characters on the clipboard?`,
      items: [
        { label: 'yes', value: true },
        { label: 'no', value: false },
      ],
    });
    if (agreed && screen.copy(answer))
      repl.notice('Copied, if your terminal allows it (some ask, some have it turned off).');
  },
};
