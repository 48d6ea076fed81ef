import path from 'node:path';
import { findModel } from '../../catalogue/catalogue.ts';
import { enginesWith } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import type { Command, Screen } from './command.ts';
import { numberFlag, parseFlags } from './flags.ts';
import { announce, budgetOf } from './train.ts';

/** `/finetune`: trains a model further on the person's own text, behind the conversation. */
export const finetuneCommand: Command = {
  name: 'finetune',
  summary: 'train a model further on a text of yours, in the background',
  usage:
    '<model> --on <file> [--name id] [--lora] [--rank n] [--unknown policy] [--steps n | --minutes n] [--lr n] [name=value]',
  complete: () =>
    enginesWith('weights').map((value) => ({ value: `${value} --on `, detail: 'start from it' })),
  async run(argument, repl, screen) {
    repl.trainings.checkIdle();
    const parsed = parseFlags(
      argument,
      ['on', 'name', 'rank', 'unknown', 'steps', 'minutes', 'seed', 'lr'],
      ['lora'],
    );
    const { flags, words } = parsed;
    const [model, ...hyper] = words;
    const on = flags.get('on');
    if (model === undefined || on === undefined) {
      throw new AppError('USAGE', '/finetune needs a model and a text.', {
        hint: 'As in /finetune gpt --on my.txt. /train stop, resume, status and chart handle the run.',
      });
    }
    const studio = await import('../../training/studio.ts');
    const [name, rate, rank] = [
      flags.get('name'),
      numberFlag(parsed, 'lr', 0),
      numberFlag(parsed, 'rank', 1),
    ];
    const budget = budgetOf(parsed, hyper);
    const prepared = await studio.prepareFinetune({
      base: (await findModel(model)).ref,
      on: path.resolve(on),
      lora: flags.has('lora'),
      ...(name === undefined ? {} : { name }),
      settings: {
        ...budget,
        hyper: {
          ...budget.hyper,
          ...(rate === undefined ? {} : { learningRate: rate }),
          ...(rank === undefined ? {} : { loraRank: rank }),
        },
      },
    });
    const policy = await policyOf(flags.get('unknown'));
    if (policy === undefined) return repl.notice('Nothing was begun.');
    announce(studio.named(await prepared.create(policy), prepared.name), repl, screen);

    async function policyOf(given: string | undefined) {
      const known = studio.unknownPolicies.find((one) => one === given);
      if (given !== undefined && known === undefined) {
        throw new AppError(
          'INVALID_SETTING',
          `--unknown takes ${studio.unknownPolicies.join(', ')}, not "${given}".`,
        );
      }
      if (known !== undefined || prepared.unknown.unknown === 0) return known ?? 'refuse';
      // Without a terminal there is nobody to ask: the text is refused, with what is wrong with it.
      if (!screen.hasPanel) return 'refuse';
      repl.warn(studio.describeUnknown(prepared.unknown));
      return choosePolicy(screen);
    }

    function choosePolicy(on: Screen) {
      return on.choose({
        title: 'What about them?',
        items: prepared.policies.map((value) => ({ label: studio.describePolicies([value]), value })),
      });
    }
  },
};
