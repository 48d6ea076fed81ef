import { type CatalogueModel, listModels } from '../../catalogue/catalogue.ts';
import { createCommand } from '../options.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';

/** `babble models`: what can be talked to, and what is known of it. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand('models', 'List the models and what is known of them.').option(
    '--json',
    'as JSON',
  );
  command.action(async () => {
    const models = await listModels();
    process.stdout.write(
      command.opts<{ json?: boolean }>().json ? `${safeJson(models)}\n` : describe(models),
    );
  });
  await command.parseAsync(args, { from: 'user' });
  return 0;
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
