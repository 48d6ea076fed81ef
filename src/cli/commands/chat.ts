import path from 'node:path';
import { Option } from 'commander';
import { findModel, resolveModel } from '../../catalogue/catalogue.ts';
import type { OpenEngine } from '../../chat/engine-link.ts';
import { openStore, type Store } from '../../chat/store/store.ts';
import type { ChatSession, ChatSettings } from '../../chat/types.ts';
import type { LoadSettings } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';
import { userPaths } from '../../paths.ts';
import { readConversationFile } from '../../repl/commands/import.ts';
import { LocalServices } from '../../repl/local-services.ts';
import { themeSummaries } from '../../repl/themes.ts';
import type { ReadSettings } from '../../settings/settings.ts';
import type { Settings } from '../../settings/types.ts';
import {
  addLoadOptions,
  addSamplingOptions,
  createCommand,
  integer,
  loadSettingsFrom,
  samplingFrom,
} from '../options.ts';
import { chatSettingsOf, settingsFor } from '../settings.ts';

interface ChatOptions {
  readonly engine?: string;
  readonly model?: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly continue?: boolean;
  readonly resume?: string;
  readonly import?: string;
}

/** Hints are for the first conversations on this machine. */
const hintedConversations = 3;

/** `babble chat`: the conversation in the terminal; without one, line by line over the standard streams. */
export async function run(args: readonly string[]): Promise<number> {
  const command = addSamplingOptions(createCommand('chat', 'Talk to a model in the terminal.'))
    .option('-e, --engine <id>', 'engine to begin with; default: the last one used')
    .option('-m, --model <id or path>', "its model; default: the engine's own")
    .option('--system <text>', 'system prompt, for chat engines')
    .option('--max-tokens <number>', 'longest answer, in tokens', integer(1))
    .option('--stop <text...>', 'end an answer before any of these texts')
    .option('--raw', 'do not style the Markdown of answers')
    .option('--no-raw', 'style it')
    .addOption(
      new Option('--images <how>', 'windows into a model as images').choices([
        'auto',
        'off',
        'kitty',
        'iterm2',
        'sixel',
      ]),
    )
    .addOption(new Option('--theme <name>', 'colours').choices(Object.keys(themeSummaries)))
    .option('--no-color', 'no colour and no style; the same as --theme none')
    .option('--screen-reader', 'plain labelled lines that a screen reader reads well')
    .option('--no-screen-reader', 'the usual screen')
    .option('--hints', 'say how to begin, in the first conversations')
    .option('--no-hints', 'do not')
    .option('-c, --continue', 'go on with the newest conversation')
    .option('-r, --resume <name>', 'go on with a conversation, by name or id')
    .option('--import <file>', 'go on with a conversation from a file that /export wrote');
  addLoadOptions(command);
  command.parse(args, { from: 'user' });
  const options = command.opts<ChatOptions>();
  const own = settingsFor(command.opts());

  const { stdin, stdout, env } = process;
  const isInteractive = Boolean(stdin.isTTY && stdout.isTTY);
  const isSpoken = isInteractive && (own.settings.screenReader || env['TERM'] === 'dumb');
  const isTerminal = isInteractive && !isSpoken;
  // What is typed while we start is for the editor: the terminal must not echo it.
  if (isTerminal) stdin.setRawMode(true);
  try {
    using store = openStore();
    await using services = new LocalServices(store, {
      openEngine: openWith(loadSettingsFrom(command.opts())),
    });
    await using session = await openSession(
      services,
      options,
      own.settings,
      flagsOf(options, command.opts()),
    );
    // The engine loads in its own process while the front end is read; a failure is told when it is used.
    session.load().catch(() => {});
    const ended = new AbortController();
    const end = () => ended.abort(new DOMException('Ended', 'AbortError'));
    // On an interactive screen Ctrl+C stops an answer first.
    const signals = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).slice(isSpoken ? 1 : 0);
    for (const signal of signals) process.on(signal, end);
    try {
      const resumed = Boolean(options.continue || options.resume || options.import);
      if (isTerminal) return await sit(session, services, store, own, resumed, ended.signal);
      if (isSpoken) return await converse(session, services, store, own, resumed, ended.signal);
      for (const warning of warningsOf(store, own)) process.stderr.write(`${warning}\n`);
      return await readLines(session, services, ended.signal);
    } finally {
      for (const signal of signals) process.off(signal, end);
    }
  } finally {
    if (isTerminal) stdin.setRawMode(false);
  }
}

// Here and below for a reason: TypeScript 6.0 leaves the `.ts` in an import() inside a function with `using`.
async function readLines(
  session: ChatSession,
  services: LocalServices,
  signal: AbortSignal,
): Promise<number> {
  const { runPlain } = await import('../../repl/plain.ts');
  return runPlain(session, services, process, signal);
}

async function converse(
  session: ChatSession,
  services: LocalServices,
  store: Store,
  own: ReadSettings,
  resumed: boolean,
  signal: AbortSignal,
): Promise<number> {
  const { runSpoken } = await import('../../repl/spoken.ts');
  return runSpoken({
    session,
    services,
    streams: process,
    configured: own.values,
    isFirst: needsHints(services, own),
    resumed,
    warnings: warningsOf(store, own),
    signal,
  });
}

async function sit(
  session: ChatSession,
  services: LocalServices,
  store: Store,
  own: ReadSettings,
  resumed: boolean,
  signal: AbortSignal,
): Promise<number> {
  // React's development build is slower and keeps more.
  process.env['NODE_ENV'] ??= 'production';
  const { History } = await import('../../repl/history.ts');
  const { runSitting } = await import('../../repl/run.tsx');
  const history = new History(path.join(userPaths().data, 'history.jsonl'));
  await history.load();
  return runSitting({
    session,
    services,
    history,
    streams: process,
    isFirst: needsHints(services, own),
    resumed,
    raw: own.settings.raw,
    theme: own.settings.theme,
    images: own.settings.images,
    configured: own.values,
    warnings: warningsOf(store, own),
    signal,
  });
}

function warningsOf(store: Store, own: ReadSettings): readonly string[] {
  return [...(store.warning === undefined ? [] : [store.warning]), ...own.warnings];
}

function needsHints(services: LocalServices, { settings }: ReadSettings): boolean {
  const held = services.conversations().filter(({ messageCount }) => messageCount > 0);
  return settings.hints && held.length < hintedConversations;
}

async function openSession(
  services: LocalServices,
  options: ChatOptions,
  own: Settings,
  flags: Partial<ChatSettings>,
): Promise<ChatSession> {
  const imported =
    options.import === undefined
      ? undefined
      : services.importConversation(await readConversationFile(options.import));
  const newest = options.continue ? services.conversations()[0]?.id : undefined;
  const resume = imported ?? options.resume ?? newest;
  if (resume !== undefined) {
    const session = await services.openSession(resume);
    // An earlier conversation has settings of its own: only what was asked for now goes before them.
    session.updateSettings({ ...flags, sampling: { ...session.settings.sampling, ...flags.sampling } });
    if (options.engine !== undefined) await session.switchEngine(options.engine, options.model);
    return session;
  }
  const { engine, model } = own;
  const start =
    engine === undefined ? await chosenEngine(services, model) : { engineId: engine, modelId: model };
  return services.createSession(start.engineId, start.modelId, chatSettingsOf(own));
}

function flagsOf(options: ChatOptions, all: Readonly<Record<string, unknown>>): Partial<ChatSettings> {
  return {
    sampling: samplingFrom(all),
    ...(options.system === undefined ? {} : { systemPrompt: options.system }),
    ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
    ...(options.stop === undefined ? {} : { stop: options.stop }),
  };
}

/** Every engine of the sitting is loaded with these settings. */
function openWith(settings: LoadSettings): OpenEngine {
  return async (engine, modelId, more = {}) => {
    const model = await resolveModel(engine, modelId);
    // Imported late: a sitting that only reads a conversation starts no engine.
    const { createEngineClient } = await import('../../engines/host/client.ts');
    return createEngineClient({ engine, model, settings: { ...settings, ...more } });
  };
}

/** The engine of the model that was named, else the default. */
async function chosenEngine(
  services: LocalServices,
  name: string | undefined,
): Promise<{ engineId: string; modelId: string | undefined }> {
  if (name !== undefined) return { engineId: (await findModel(name)).engine, modelId: name };
  const found = await services.defaultEngine();
  if (found) return found;
  throw new AppError('UNKNOWN_MODEL', 'There is no model on this machine.', {
    hint: 'babble ships with models in its folder `models/`; `babble models` lists what is there.',
  });
}
