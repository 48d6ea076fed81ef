import { sanitiseLine } from '../../chat/sanitise.ts';
import { AppError } from '../../errors.ts';
import { compare } from '../compare/comparison.ts';
import { type Contender, engineName, keep } from '../compare/contest.ts';
import { completeEngines, type EngineList, readEngineList, requireCount } from '../compare/engine-list.ts';
import type { Repl } from '../repl.ts';
import type { EngineChoice } from '../services.ts';
import type { Command, Screen } from './command.ts';

const example = '/compare bigram-count mlp wavenet em';

/** `/compare`: the same message answered by several engines side by side; one of the answers can be gone on with. */
export const compareCommand: Command = {
  name: 'compare',
  summary: 'ask several engines the same, side by side',
  usage: '[engine engine …] [message]',
  complete: completeEngines,
  async run(argument, repl, screen) {
    const choices = await repl.services.listEngines();
    const list = argument === '' ? await chooseEngines(choices, screen) : readEngineList(argument, choices);
    if (!list) return;
    requireCount(list, 2, 8, example);
    const { engines } = list;
    const text = messageFor(list, repl);
    const answers = await compare(repl, screen, {
      ...(text === undefined ? {} : { text }),
      engines,
      titles: engines.map((engine, index) => `${index + 1} ${engineName(engine)}`),
    });
    const contenders = engines.map(
      (engine, index): Contender => ({ label: String(index + 1), engine, answer: answers[index] }),
    );
    repl.contest = { conversationId: repl.session.summary.id, contenders, isBlind: false };
    if (!screen.hasPanel || screen.isTyping) return repl.notice('/keep <number> goes on from one of them.');
    const chosen = await screen.choose<Contender | undefined>({
      title: 'Go on from',
      items: [
        ...contenders.flatMap((contender) =>
          contender.answer
            ? [
                {
                  label: `${contender.label} ${engineName(contender.engine)}`,
                  detail: sanitiseLine(contender.answer.content.slice(0, 200)),
                  value: contender,
                },
              ]
            : [],
        ),
        { label: 'none of them', detail: '/keep takes one later', value: undefined },
      ],
    });
    if (chosen) keep(repl, chosen);
  },
};

/** Lets the person pick engines, one after the other; undefined when they leave or there is no menu. */
async function chooseEngines(
  choices: readonly EngineChoice[],
  screen: Screen,
): Promise<EngineList | undefined> {
  if (!screen.hasPanel) return { engines: [], text: '' };
  const picked: EngineChoice[] = [];
  const usable = choices.filter(({ problem }) => problem === undefined);
  for (let selected = 0; ; ) {
    const canAsk = picked.length >= 2;
    const chosen = await screen.choose<EngineChoice | 'ask'>({
      title: `Compare (${picked.length} picked)`,
      items: [
        ...(canAsk
          ? [{ label: 'ask them', detail: picked.map(engineName).join(', '), value: 'ask' as const }]
          : []),
        ...usable.map((choice) => ({
          label: `${picked.includes(choice) ? '●' : '○'} ${engineName(choice)}`,
          detail: choice.description,
          value: choice,
        })),
      ],
      selected: picked.length >= 3 ? 0 : selected + (canAsk ? 1 : 0),
    });
    if (chosen === undefined) return undefined;
    if (chosen === 'ask') return { engines: picked, text: '' };
    if (picked.includes(chosen)) picked.splice(picked.indexOf(chosen), 1);
    else picked.push(chosen);
    selected = usable.indexOf(chosen);
  }
}

/**
 * What the engines are asked: the message named, else the last one again (undefined). In an empty conversation,
 * completion engines start from nothing.
 */
export function messageFor({ engines, text }: EngineList, repl: Repl): string | undefined {
  if (text !== '') return text;
  if (repl.session.messages.some(({ role }) => role === 'user')) return undefined;
  const chats = engines.filter(({ engineId, modelId }) => repl.services.kindOf(engineId, modelId) === 'chat');
  if (chats.length === 0) return '';
  throw new AppError('USAGE', 'There is no message yet that the engines could be asked.', {
    hint: `Write it behind their names: ${example}`,
  });
}
