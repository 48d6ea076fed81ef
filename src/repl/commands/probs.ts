import { AppError } from '../../errors.ts';
import type { Panel } from '../panel.ts';
import type { Repl } from '../repl.ts';
import { pickerHint, TokenPicker } from '../watch/token-picker.ts';
import type { Command, Screen } from './command.ts';
import { look, show, splitSave, textSoFar } from './window.ts';

/** Steps a second at which an eye can follow the bars. */
const liveSpeed = 10;

/**
 * `/probs`: what may come next after the text so far, or after another text; `live` shows it at every step of the
 * answers, `step` lets the person choose every token.
 */
export const probsCommand: Command = {
  name: 'probs',
  summary: 'what may come next; live: at each step; step: you choose',
  usage: '[text] [--save file.png|svg] | live [steps a second] | step [text]',
  complete: () => [
    { value: 'live', detail: 'bars at every step of the answers; again to end it' },
    { value: 'step ', detail: 'choose every token of an answer yourself' },
  ],
  async run(argument, repl, screen) {
    const { rest, save } = splitSave(argument);
    const [, mode, more = ''] = /^(live|step)(?:\s+([\s\S]*))?$/.exec(rest) ?? [];
    if (mode === 'live') return live(more.trim(), repl, screen);
    if (mode === 'step') return step(more, repl, screen);
    const prompt = rest === '' ? textSoFar(repl) : rest;
    await show(await look(repl, { type: 'next-token', prompt, top: 10 }), repl, screen, save);
  },
};

function live(argument: string, repl: Repl, screen: Screen): void {
  needTerminal(screen, '/probs live');
  const { watching } = repl;
  if (argument === 'off' || (argument === '' && watching.isLive)) {
    watching.stopLive();
    repl.notice('The bars are gone.');
    return;
  }
  const speed = argument === '' ? liveSpeed : Number(argument);
  if (!(speed >= 0 && speed <= 1000))
    throw new AppError('USAGE', `/probs live takes steps a second from 0 to 1000, not "${argument}".`, {
      hint: '0 leaves the engine its own speed; without a number it is 10.',
    });
  watching.startLive(speed);
  const pace = speed === 0 ? 'as fast as the engine writes' : `${speed} steps a second at most`;
  repl.notice(`Bars at every step of the answers, ${pace}. /probs live ends them.`);
}

/** A text is gone on from; without one, the last answer; without that, nothing. */
async function step(text: string, repl: Repl, screen: Screen): Promise<void> {
  needTerminal(screen, '/probs step');
  const isAnswered = repl.session.messages.at(-1)?.role === 'assistant';
  if (text === '' && !isAnswered && repl.kind === 'chat')
    throw new AppError('USAGE', 'There is no answer to go on from.', {
      hint: '/probs step <message> sends a message and lets you choose the answer.',
    });
  const show = (panel: Panel) => {
    repl.panel.dispatch(panel);
    repl.status.dispatch({ type: 'hint', hint: pickerHint });
  };
  const picker = new TokenPicker(
    () => repl.theme,
    show,
    () => repl.stop(),
  );
  picker.open();
  try {
    await repl.watching.byHand(picker.choose, () =>
      text === '' && isAnswered ? repl.continueAnswer() : repl.send(text),
    );
  } finally {
    repl.status.dispatch({ type: 'hint', hint: undefined });
  }
}

function needTerminal(screen: Screen, what: string): void {
  if (screen.hasPanel) return;
  throw new AppError('USAGE', `${what} needs a terminal.`, {
    hint: '/probs without more shows what may come next; `babble run --probabilities` tells it of every token.',
  });
}
