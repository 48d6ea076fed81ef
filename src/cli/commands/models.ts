import { createCommand } from '../options.ts';

/** `babble models`: what can be talked to; fetches, shows, names and removes models. */
export async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  const command = createCommand(
    'models',
    'List, fetch, show, name and remove models.',
  ).enablePositionalOptions();
  command
    .command('list', { isDefault: true })
    .description('the models and what is known of them')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('../models/list.ts')).listCommand(options));
  command
    .command('curated')
    .description('a short list of models to pull, with sizes and licences')
    .action(async () => (await import('../models/list.ts')).curatedCommand());
  command
    .command('server [address]')
    .description('the models of a server, for the engine remote; default: BABBLE_REMOTE_URL')
    .option('--json', 'as JSON')
    .action(async (address, options) =>
      (await import('../models/server.ts')).serverCommand(address, options),
    );
  command
    .command('show <model>')
    .description('what is in a model, and whether it fits this machine')
    .option('--json', 'as JSON')
    .action(async (model, options) => (await import('../models/show.ts')).showCommand(model, options));
  command
    .command('pull <ref>')
    .description(
      'fetch a GGUF model: an alias, hf:owner/repo/file.gguf, hf:owner/repo:Q4_K_M, https address or path',
    )
    .option('--sha256 <hash>', 'refuse any other file')
    .action(async (ref, options) => {
      code = await (await import('../models/pull.ts')).pullCommand(ref, options);
    });
  command
    .command('rm <model>')
    .description('remove a model of yours')
    .option('-y, --yes', 'do not ask')
    .action(async (model, options) => (await import('../models/remove.ts')).removeCommand(model, options));
  command
    .command('alias [name] [model]')
    .description('your own names for models: lists them, gives one, or takes it away')
    .option('--remove', 'take the name away')
    .option('--json', 'list as JSON')
    .addHelpText('after', '\nA model is an id, a path, another alias, or engine=model such as remote=auto.')
    .action(async (name, model, options) =>
      (await import('../models/alias.ts')).aliasCommand(name, model, options),
    );
  for (const sub of command.commands) sub.exitOverride().showHelpAfterError();
  await command.parseAsync(args, { from: 'user' });
  return code;
}
