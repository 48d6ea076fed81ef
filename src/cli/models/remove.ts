import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { readAliases, removeAlias } from '../../catalogue/aliases.ts';
import { listModels } from '../../catalogue/catalogue.ts';
import { AppError } from '../../errors.ts';

/** `babble models rm`: only models of the person's own, and only after a question. */
export async function removeCommand(name: string, { yes }: { yes?: boolean }): Promise<void> {
  const own = (await listModels()).filter(({ source }) => source === 'own');
  const model = own.find(({ id }) => id === name);
  if (model === undefined) {
    const alias = (await readAliases()).get(name);
    if (alias !== undefined) {
      throw new AppError('USAGE', `"${name}" is your alias of ${alias.model}.`, {
        hint: `\`babble models rm ${alias.model}\` removes that, \`babble models alias --remove ${name}\` the alias.`,
      });
    }
    const known = own.map(({ id }) => id).join(', ') || 'none';
    throw new AppError('UNKNOWN_MODEL', `You have no model "${name}". Yours: ${known}.`, {
      hint: 'Models that ship with babble are not removed.',
    });
  }
  if (!yes && !(await confirm(`Remove ${model.id} (${model.path})? [y/N] `))) {
    process.stdout.write('Nothing was removed.\n');
    return;
  }
  await rm(model.path, { recursive: true });
  process.stdout.write(`Removed ${model.id}.\n`);
  for (const [alias, target] of await readAliases()) {
    if (target.engine !== model.engine || target.model !== model.id) continue;
    await removeAlias(alias);
    process.stdout.write(`Its alias ${alias} is gone as well.\n`);
  }
}

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new AppError('USAGE', 'There is no terminal to ask on.', {
      hint: 'Add --yes to remove without a question.',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
