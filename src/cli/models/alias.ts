import { readAliases, removeAlias } from '../../catalogue/aliases.ts';
import { nameModel } from '../../catalogue/catalogue.ts';
import { AppError } from '../../errors.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';

interface AliasOptions {
  readonly remove?: boolean;
  readonly json?: boolean;
}

/** `babble models alias`: lists the person's own names for models, gives one, or takes it away. */
export async function aliasCommand(
  name: string | undefined,
  model: string | undefined,
  { remove = false, json = false }: AliasOptions,
): Promise<void> {
  if (remove) {
    if (name === undefined || model !== undefined) throw new AppError('USAGE', '--remove takes one alias.');
    if (!(await removeAlias(name))) throw await unknown(name);
    process.stdout.write(`${name} is no alias any more.\n`);
  } else if (name === undefined) {
    const aliases = await readAliases();
    const rows = [...aliases].map(([alias, target]) => [alias, target.model, target.engine]);
    if (json) process.stdout.write(`${safeJson(Object.fromEntries(aliases))}\n`);
    else process.stdout.write(formatTable(['alias', 'model', 'engine'], rows));
  } else if (model === undefined) {
    const target = (await readAliases()).get(name);
    if (target === undefined) throw await unknown(name);
    process.stdout.write(`${name} = ${target.model} (${target.engine})\n`);
  } else {
    const { now, before } = await nameModel(name, model);
    const was = before === undefined ? '' : `, before it was ${before.model}`;
    process.stdout.write(`${name} = ${now.model} (${now.engine})${was}\n`);
  }
}

async function unknown(name: string): Promise<AppError> {
  const known = [...(await readAliases()).keys()].join(', ') || 'none';
  return new AppError('UNKNOWN_MODEL', `You have no alias "${name}". Yours: ${known}.`);
}
