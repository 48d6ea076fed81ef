import { AppError } from '../../errors.ts';
import type { Repl } from '../repl.ts';
import { abCommand } from './ab.ts';
import { againCommand } from './again.ts';
import { branchCommand } from './branch.ts';
import { clearCommand } from './clear.ts';
import type { Command, Screen, Suggestion } from './command.ts';
import { compareCommand } from './compare.ts';
import { continueCommand } from './continue.ts';
import { copyCommand } from './copy.ts';
import { curveCommand } from './curve.ts';
import { editCommand } from './edit.ts';
import { engineCommand } from './engine.ts';
import { exitCommand } from './exit.ts';
import { exportCommand } from './export.ts';
import { finetuneCommand } from './finetune.ts';
import { heatmapCommand } from './heatmap.ts';
import { helpCommand } from './help.ts';
import { importCommand } from './import.ts';
import { keepCommand } from './keep.ts';
import { loadCommand } from './load.ts';
import { modelsCommand } from './models.ts';
import { presetCommand } from './preset.ts';
import { probsCommand } from './probs.ts';
import { promptCommand } from './prompt.ts';
import { saveCommand } from './save.ts';
import { searchCommand } from './search.ts';
import { seedCommand } from './seed.ts';
import { setCommand } from './set.ts';
import { showCommand } from './show.ts';
import { similarityCommand } from './similarity.ts';
import { surpriseCommand } from './surprise.ts';
import { systemCommand } from './system.ts';
import { themeCommand } from './theme.ts';
import { topologyCommand } from './topology.ts';
import { tourCommand } from './tour.ts';
import { trainCommand } from './train.ts';
import { undoCommand } from './undo.ts';
import { voteCommand } from './vote.ts';
import { weightsCommand } from './weights.ts';
import { whyCommand } from './why.ts';

/** All commands, in the order `/help` shows them. */
const commands: readonly Command[] = [
  helpCommand(() => commands),
  tourCommand(runCommand),
  engineCommand,
  compareCommand,
  probsCommand,
  againCommand,
  editCommand,
  continueCommand,
  branchCommand,
  keepCommand,
  abCommand,
  voteCommand,
  modelsCommand,
  setCommand,
  showCommand,
  seedCommand,
  systemCommand,
  promptCommand,
  presetCommand,
  undoCommand,
  copyCommand,
  clearCommand,
  saveCommand,
  loadCommand,
  searchCommand,
  exportCommand,
  importCommand,
  surpriseCommand,
  whyCommand,
  heatmapCommand,
  similarityCommand,
  weightsCommand,
  topologyCommand,
  curveCommand,
  trainCommand,
  finetuneCommand,
  themeCommand,
  exitCommand,
];

/** Whether a text is meant as a command. A slash in front of anything but a letter, or a path, is text. */
export function isCommand(text: string): boolean {
  return /^\/[a-z?]*(\s|$)/i.test(text);
}

/** Runs the command in a text. @throws AppError USAGE for an unknown one, and whatever the command throws. */
export async function runCommand(text: string, repl: Repl, screen: Screen): Promise<void> {
  const { name, argument } = split(text);
  const command = find(name);
  if (!command) {
    const near = commands.find((candidate) => candidate.name.startsWith(name.slice(0, 2)));
    throw new AppError('USAGE', `There is no command /${name}.`, {
      hint:
        near && name !== '' ? `Did you mean /${near.name}? /help lists all.` : '/help lists the commands.',
    });
  }
  await command.run(argument.trim(), repl, screen);
}

/** Whether a text is a command that does not wait for the answer under way. */
export function stopsAnswer(text: string): boolean {
  return isCommand(text) && find(split(text).name)?.whileWriting === 'stop';
}

/** What Tab offers for a text: commands while their name is typed, then what the command offers. */
export async function suggestions(
  text: string,
  repl: Repl,
): Promise<{ readonly from: number; readonly list: readonly Suggestion[] }> {
  if (!text.startsWith('/') || text.includes('\n')) return { from: 0, list: [] };
  const space = text.indexOf(' ');
  if (space < 0) {
    const typed = text.slice(1).toLowerCase();
    const matching = commands.filter((command) => command.name.startsWith(typed));
    return {
      from: 0,
      list: matching.map(({ name, summary, usage }) => ({
        value: `/${name}${usage === '' ? '' : ' '}`,
        detail: summary,
      })),
    };
  }
  const argument = text.slice(space + 1);
  const list = (await find(text.slice(1, space))?.complete?.(argument, repl)) ?? [];
  const lower = argument.toLowerCase();
  return { from: space + 1, list: list.filter(({ value }) => value.toLowerCase().startsWith(lower)) };
}

function split(text: string): { name: string; argument: string } {
  const [, name = '', argument = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  return { name: name.toLowerCase(), argument };
}

const aliases: Readonly<Record<string, string>> = {
  '?': 'help',
  quit: 'exit',
  bye: 'exit',
  new: 'clear',
  regenerate: 'again',
};

function find(name: string): Command | undefined {
  const wanted = aliases[name.toLowerCase()] ?? name.toLowerCase();
  return commands.find((command) => command.name === wanted);
}
