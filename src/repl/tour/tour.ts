import type { Screen } from '../commands/command.ts';
import type { Repl } from '../repl.ts';
import { wrapWords } from '../terminal/cells.ts';
import type { KeyEvent } from '../terminal/keys.ts';
import { paint } from '../theme.ts';
import { isUnderWay } from '../training/state.ts';
import { type TourAct, type TourStep, tourSteps } from './steps.ts';

/** Runs a line as if the person had typed it. Failures are shown, never thrown. */
export type TypeLine = (line: string) => Promise<void>;

type Move = 'on' | 'back' | 'leave';

/** Longer lines are tiring. */
const readableColumns = 88;

/** Short answers, drawn as the models draw. */
const settings = { sampling: {}, maxTokens: 160 };

/**
 * Walks from a step (from 0) to the end, or until the person leaves. The place is kept, so that `/tour` goes on
 * from it. Without a terminal each call shows one step.
 */
export async function walk(repl: Repl, screen: Screen, from: number, typeLine: TypeLine): Promise<void> {
  if (repl.session.messages.length > 0)
    repl.notice('The tour holds conversations of its own; /load brings yours back.');
  for (let step = from; ; ) {
    repl.services.keepTourStep(step);
    await show(repl, screen, step, typeLine);
    if (step === tourSteps.length - 1) return end(repl);
    if (!screen.hasPanel) {
      repl.services.keepTourStep(step + 1);
      repl.notice('/tour shows the next step, /tour list all of them.');
      return;
    }
    const move = await ask(repl, step);
    if (move === 'leave') {
      repl.notice(`The tour waits at step ${step + 1}: /tour goes on, /tour list shows the steps.`);
      return;
    }
    step = Math.max(0, step + (move === 'on' ? 1 : -1));
  }
}

async function show(repl: Repl, screen: Screen, index: number, typeLine: TypeLine): Promise<void> {
  const step = tourSteps[index]!;
  const { heading } = repl.theme;
  repl.write([{ text: `${index + 1} of ${tourSteps.length}  ${step.title}\n`, style: heading }]);
  tell(repl, screen, step.text);
  // A fresh one for each step: no engine is told of what others said before.
  const session = await repl.services.createSession(step.engine);
  session.updateSettings(settings);
  await repl.open(session);
  for (const act of step.does) {
    const needsPanel = typeof act === 'string' && act.startsWith('/probs live');
    if (screen.hasPanel || !needsPanel) await perform(repl, act, typeLine);
  }
  if (session.messages.length > 0) session.rename(`Tour ${index + 1}: ${step.title}`);
  if (step.afterwards) repl.write([{ text: '\n', style: '' }]);
  tell(repl, screen, step.afterwards ?? []);
}

function tell(repl: Repl, { columns }: Screen, paragraphs: readonly string[]): void {
  const most = Math.min(columns - 1, readableColumns);
  for (const text of paragraphs) repl.write([{ text: `${wrapWords(text, most)}\n\n`, style: '' }]);
}

async function perform(repl: Repl, act: TourAct, typeLine: TypeLine): Promise<void> {
  if (typeof act === 'string') return typeLine(act.replace('{run}', repl.trainings.state.get()?.id ?? ''));
  const { state } = repl.trainings;
  await new Promise<void>((resolve) => {
    const look = () => {
      if (isUnderWay(state.get())) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = state.subscribe(look);
    look();
  });
}

/** Waits for a key, in place of the editor. */
async function ask(repl: Repl, step: number): Promise<Move> {
  const next = tourSteps[step + 1]?.title;
  const before = repl.panel.get();
  const move = await new Promise<Move>((resolve) => {
    repl.panel.dispatch({
      rows: () => [paint(repl.theme, 'accent', `Enter goes on to “${next}” · b back · q leaves`)],
      onKey: (event) => {
        const chosen = moveOf(event);
        if (chosen) resolve(chosen);
      },
      onClose: () => resolve('leave'),
    });
  });
  repl.panel.dispatch(before);
  return move;
}

function moveOf(event: KeyEvent): Move | undefined {
  if (event.type === 'paste') return undefined;
  if (event.type === 'text') {
    const key = event.text.at(-1)!.toLowerCase();
    return key === 'b' ? 'back' : key === 'q' ? 'leave' : key === ' ' || key === 'n' ? 'on' : undefined;
  }
  if (event.name === 'enter') return 'on';
  return event.name === 'escape' || (event.ctrl && /^[cd]$/.test(event.name)) ? 'leave' : undefined;
}

function end(repl: Repl): void {
  repl.services.keepTourStep(undefined);
  repl.session.updateSettings({ sampling: {}, maxTokens: 500 });
}

/** The steps as a list, the kept one marked. */
export function listSteps(current: number | undefined): string {
  const line = ({ title }: TourStep, index: number) =>
    `${index === current ? '●' : '○'} ${String(index + 1).padStart(2)}  ${title}`;
  return `${tourSteps.map(line).join('\n')}\n/tour goes on at ●, /tour <number> anywhere.`;
}
