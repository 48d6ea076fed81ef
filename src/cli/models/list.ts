import { readAliases } from '../../catalogue/aliases.ts';
import { type CatalogueModel, listModels } from '../../catalogue/catalogue.ts';
import { curatedModels } from '../../catalogue/curated.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';

/** `babble models list` */
export async function listCommand({ json }: { json?: boolean }): Promise<void> {
  const models = await listModels();
  process.stdout.write(json ? `${safeJson(models)}\n` : describe(models));
  if (json) return;
  const aliases = await readAliases();
  for (const [name, { engine, model }] of aliases) process.stdout.write(`${name} = ${model} (${engine})\n`);
}

/** `babble models curated` */
export function curatedCommand(): void {
  const rows = curatedModels.map(({ alias, gigabytes, license, note }) => [
    alias,
    `~${gigabytes} GB`,
    license,
    note,
  ]);
  process.stdout.write(formatTable(['alias', 'about', 'license', 'what it is'], rows, { alignRight: [1] }));
  process.stdout.write('A pull shows the size and the license that the hub gives, which count.\n');
}

function describe(models: readonly CatalogueModel[]): string {
  const rows = models.map((model) =>
    model.error
      ? [model.id, model.engine, '', '', `cannot be used: ${model.error.message}`]
      : [model.id, model.engine, String(model.parameterCount), describeLoss(model.losses), model.description],
  );
  return formatTable(['model', 'engine', 'parameters', 'loss', 'what it is'], rows, { alignRight: [2] });
}

/** The loss that says most: test, else validation, else train. */
function describeLoss(losses: Readonly<Record<string, number>>): string {
  const name = ['test', 'val', 'train'].find((candidate) => losses[candidate] !== undefined);
  return name ? `${losses[name]!.toFixed(4)} ${name}` : '';
}
