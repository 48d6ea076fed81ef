import { AppError } from '../../errors.ts';
import type { Suggestion } from '../commands/command.ts';
import type { Repl } from '../repl.ts';
import type { EngineChoice } from '../services.ts';

export interface EngineList {
  readonly engines: readonly { readonly engineId: string; readonly modelId: string }[];
  /** What follows the engines; '' for nothing. */
  readonly text: string;
}

/**
 * Reads `names chat llama smollm Write a poem`: engines (each with a model of its own if it is named) as long as the
 * words are such, then the prompt; `--` ends the engines early.
 */
export function readEngineList(argument: string, choices: readonly EngineChoice[]): EngineList {
  const engines: { engineId: string; modelId: string }[] = [];
  let rest = argument.trimStart();
  for (;;) {
    const [word = '', space = ''] = split(rest);
    if (word === '--') return { engines, text: rest.slice(2).trimStart() };
    const found = word === '' ? undefined : find(word, split(space)[0] ?? '', choices);
    if (!found) return { engines, text: rest };
    engines.push({ engineId: found.choice.engineId, modelId: found.choice.modelId });
    rest = found.words === 2 ? (split(space)[1] ?? '') : space;
  }
}

/** @throws AppError USAGE when there are fewer engines than a comparison needs, or more. */
export function requireCount(
  { engines, text }: EngineList,
  least: number,
  most: number,
  example: string,
): void {
  if (engines.length >= least && engines.length <= most) return;
  const unknown = engines.length < least && text !== '' ? ` “${text.split(/\s/)[0]}” is no engine.` : '';
  const wanted = least === most ? `${least}` : `${least} to ${most}`;
  throw new AppError('USAGE', `This takes ${wanted} engines, not ${engines.length}.${unknown}`, {
    hint: `For example: ${example}. /models lists the engines.`,
  });
}

/** Engines to go on with after those that are there. */
export async function completeEngines(argument: string, repl: Repl): Promise<readonly Suggestion[]> {
  const choices = await repl.services.listEngines();
  const before = argument.slice(0, argument.lastIndexOf(' ') + 1);
  if (readEngineList(before, choices).text !== '') return [];
  return choices
    .filter(({ problem }) => problem === undefined)
    .map(({ engineId, modelId, description }) => ({
      value: `${before}${engineId === modelId ? engineId : `${engineId} ${modelId}`} `,
      detail: description,
    }));
}

/** An engine by its id, alone or with a model's, or by a model's id alone. */
function find(
  word: string,
  next: string,
  choices: readonly EngineChoice[],
): { readonly choice: EngineChoice; readonly words: 1 | 2 } | undefined {
  const ofEngine = choices.filter(({ engineId }) => engineId === word);
  const both = ofEngine.find(({ modelId }) => modelId === next && modelId !== word);
  if (both) return { choice: both, words: 2 };
  const choice = ofEngine[0] ?? choices.find(({ modelId }) => modelId === word);
  return choice && { choice, words: 1 };
}

/** The first word, and what follows it. */
function split(text: string): [string?, string?] {
  const [, word, rest] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  return word === undefined ? [] : [word, rest ?? ''];
}
