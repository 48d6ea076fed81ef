import { readAliases } from '../../catalogue/aliases.ts';
import { listModels, resolveModel } from '../../catalogue/catalogue.ts';
import { ggufFileOf } from '../../catalogue/gguf-model.ts';
import { findEngine, listEngines } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import type { Offer } from '../../serve/pool.ts';
import { serve } from '../../serve/server.ts';
import { addLoadOptions, createCommand, decimal, integer, loadSettingsFrom } from '../options.ts';
import { settingsFor } from '../settings.ts';

interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly queue: number;
  readonly maxLoaded: number;
  readonly drainSeconds: number;
  readonly offer?: readonly string[];
}

/** `babble serve`: every model on this machine over OpenAI's interface, until it is interrupted. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand('serve', 'Offer every model over an OpenAI-compatible interface.')
    .option('--host <address>', 'address to listen on; others than loopback need a key', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes any free one', integer(0, 65_535), 8484)
    .option('--queue <number>', 'requests that may wait or run; beyond it 503', integer(1, 100_000), 32)
    .option('--max-loaded <number>', 'engines kept loaded at once', integer(1, 1000), 2)
    .option('--idle-minutes <number>', 'unload an engine after this; 0 never; default 10', decimal(0, 34_560))
    .option(
      '--drain-seconds <number>',
      'when stopped, time for the answers that run; a second signal ends them',
      decimal(0, 1e6),
      30,
    )
    .option('--offer <engine=model...>', 'offer a model by path or name as well, such as llama=model.gguf')
    .addHelpText(
      'after',
      '\nThe key is read from the environment: BABBLE_SERVE_API_KEY. Required on every address but loopback.',
    );
  addLoadOptions(command);
  command.parse(args, { from: 'user' });
  const flags = command.opts<ServeFlags>();
  const { settings: own, warnings } = settingsFor(command.opts());
  for (const warning of warnings) process.stderr.write(`babble: ${warning}\n`);
  const stopped = Promise.withResolvers<void>();
  const ended = new AbortController();
  const stop = (): void => {
    if (signals++ === 0) stopped.resolve();
    else ended.abort();
  };
  let signals = 0;
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await using server = await serve({
      host: flags.host,
      port: flags.port,
      apiKey: process.env['BABBLE_SERVE_API_KEY'] || undefined,
      offers: await findOffers(flags.offer ?? []),
      maxQueue: flags.queue,
      maxLoaded: flags.maxLoaded,
      idleMs: own.idleMinutes * 60_000,
      settings: loadSettingsFrom(command.opts()),
    }).catch((error: unknown) => {
      throw listenError(error, flags);
    });
    process.stdout.write(`babble serves on ${server.url}/v1 (Ctrl+C stops it)\n`);
    await stopped.promise;
    if (server.inside > 0) {
      process.stderr.write('babble finishes the answers that run; a second signal ends them.\n');
    }
    await server.drain(AbortSignal.any([ended.signal, AbortSignal.timeout(flags.drainSeconds * 1000)]));
    return 0;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/**
 * The models named, and every usable one of the catalogue, under their ids; an id taken twice gets its
 * engine's before it. The person's aliases are good as well.
 */
async function findOffers(named: readonly string[]): Promise<Offer[]> {
  const engines = new Set(listEngines().map(({ id }) => id));
  const offers: Offer[] = [];
  const add = (engine: string, model: Offer['model']): void => {
    if (offers.some((offer) => offer.engine === engine && isSame(offer.model, model))) return;
    const taken = offers.some((offer) => offer.id === model.id);
    const id = taken ? `${engine}/${model.id}` : model.id;
    if (!offers.some((offer) => offer.id === id)) offers.push({ id, engine, model });
  };
  for (const entry of named) {
    const [engine = '', ...rest] = entry.split('=');
    if (rest.length === 0) {
      throw new AppError('USAGE', `--offer is "${entry}"; it must be engine=model.`, {
        hint: 'For example --offer llama=models/some.gguf.',
      });
    }
    add(findEngine(engine).id, await resolveModel(engine, rest.join('=')));
  }
  for (const { id, path, engine, error } of await listModels()) {
    if (!error && engines.has(engine)) add(engine, { id, path: ggufFileOf(path) ?? path });
  }
  return offersWithAliases(offers);
}

/** An alias of a model on offer is another name of it; any other is an offer of its own. */
async function offersWithAliases(offers: readonly Offer[]): Promise<Offer[]> {
  const aliases = new Map<Offer, string[]>(offers.map((offer) => [offer, []]));
  for (const [name, { engine }] of await readAliases()) {
    // What has gone meanwhile is not offered.
    const model = await resolveModel(engine, name).catch(() => undefined);
    if (model === undefined) continue;
    const offer = offers.find((candidate) => candidate.engine === engine && isSame(candidate.model, model));
    if (offer === undefined) aliases.set({ id: name, engine, model }, []);
    else aliases.get(offer)!.push(name);
  }
  if (aliases.size > 0) return [...aliases].map(([offer, names]) => ({ ...offer, aliases: names }));
  throw new AppError('UNKNOWN_MODEL', 'There is no model to offer.', {
    hint: 'Train one with `babble train`, or name one with --offer engine=model.',
  });
}

function isSame(a: Offer['model'], b: Offer['model']): boolean {
  return a.id === b.id && a.path === b.path;
}

function listenError(error: unknown, { host, port }: ServeFlags): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new AppError('INVALID_SETTING', `The port ${port} on ${host} is taken.`, {
      hint: 'Choose another with --port; 0 takes any free one.',
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
    return new AppError('INVALID_SETTING', `babble cannot listen on ${host}:${port} (${code}).`, {
      hint: 'Choose another with --host and --port.',
    });
  }
  return error;
}
