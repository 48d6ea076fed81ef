/** What the commands that look into the model share: asking, drawing on the screen, saving. */
import type { InspectReport, InspectView } from '../../engines/engine.ts';
import { enginesWith } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import {
  colourDepthOf,
  column,
  drawReport,
  type LossCurve,
  savePicture,
  themeOf,
  toCells,
} from '../../pictures/index.ts';
import type { Repl } from '../repl.ts';
import { toCells as cellsOfLine } from '../terminal/sgr.ts';
import { addSpan, type Span } from '../terminal/tape.ts';
import { plainTheme } from '../theme.ts';
import type { Screen } from './command.ts';

/** Wider pictures are not read better. */
const mostColumns = 100;

/** A command's argument with `--save <file>` taken out. @throws AppError USAGE when the file is missing */
export function splitSave(argument: string): { readonly rest: string; readonly save?: string } {
  const [, rest = '', flag, save = ''] = /^(.*?)(?:(?:^|\s+)(--save)(?:\s+(.*))?)?$/s.exec(argument) ?? [];
  if (flag === undefined) return { rest };
  if (save.trim() === '')
    throw new AppError('USAGE', '--save needs a file.', { hint: 'For example: --save picture.png' });
  return { rest, save: save.trim() };
}

/** Looks into the model of the session. @throws AppError ENGINE_UNSUPPORTED, naming the engines that could */
export async function look(repl: Repl, view: InspectView): Promise<InspectReport> {
  try {
    return await repl.session.inspect(view);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'ENGINE_UNSUPPORTED') throw error;
    throw new AppError(error.code, error.message, {
      hint: `Engines that have this view: ${enginesWith(view.type).join(', ')}. /engine switches.`,
      cause: error,
    });
  }
}

/** Draws a report into the transcript, and saves it where the person asked for that. */
export async function show(
  report: InspectReport | LossCurve,
  repl: Repl,
  screen: Screen,
  save?: string,
): Promise<void> {
  const columns = Math.min(screen.columns, mostColumns);
  const { env } = process;
  const picture = drawReport(report, { width: columns * column, theme: themeOf(env) });
  const hasColours = repl.theme !== plainTheme && colourDepthOf(env) !== 'none';
  if (hasColours && (await screen.drawImage(picture))) return saveIfAsked(report, repl, save);
  const colour = repl.theme === plainTheme ? 'none' : colourDepthOf(env);
  const spans: Span[] = [];
  for (const line of toCells(picture, { columns, colour })) {
    for (const { text, style } of cellsOfLine(line)) addSpan(spans, { text, style });
    addSpan(spans, { text: '\n', style: '' });
  }
  repl.write(spans);
  await saveIfAsked(report, repl, save);
}

async function saveIfAsked(
  report: InspectReport | LossCurve,
  repl: Repl,
  save: string | undefined,
): Promise<void> {
  if (save !== undefined) repl.notice(`Saved as ${await savePicture(drawReport(report), save)}.`);
}

/** The text that a completion engine would go on from: the last message of the person and its answer. */
export function textSoFar(repl: Repl): string {
  const { messages } = repl.session;
  const from = messages.findLastIndex(({ role }) => role === 'user');
  return messages
    .slice(Math.max(from, 0))
    .map(({ content }) => content)
    .join('');
}
