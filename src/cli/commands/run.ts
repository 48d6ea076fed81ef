import { readFile } from 'node:fs/promises';
import { type FoundModel, findModel, resolveModel } from '../../catalogue/catalogue.ts';
import type { ChatSettings } from '../../chat/types.ts';
import type { EngineInfo, GenerateRequest, Message } from '../../engines/engine.ts';
import { createEngineClient } from '../../engines/host/client.ts';
import { AppError } from '../../errors.ts';
import type { Settings } from '../../settings/types.ts';
import {
  addLoadOptions,
  addSamplingOptions,
  createCommand,
  integer,
  loadSettingsFrom,
  samplingFrom,
} from '../options.ts';
import {
  addPromptOptions,
  attachTo,
  fillPrompt,
  findPrompt,
  needsText,
  type PromptOptions,
} from '../prompt-options.ts';
import { createPrinter, type OutputFormat } from '../run-output.ts';
import { chatSettingsOf, settingsFor } from '../settings.ts';
import { readStandardInput } from '../standard-input.ts';

interface RunOptions extends PromptOptions {
  readonly engine?: string;
  readonly model?: string;
  readonly system?: string;
  readonly file?: string;
  readonly samples: number;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly probabilities?: number;
  readonly json?: boolean;
  readonly jsonl?: boolean;
}

/** Small, and on every machine. */
const defaultEngine = 'mlp';
const defaultMaxTokens = 512;

/** `babble run`: one prompt, one answer. Writes nothing but the answer to standard output. */
export async function run(args: readonly string[]): Promise<number> {
  const command = addSamplingOptions(createCommand('run', 'One prompt, one answer: for scripts and pipes.'))
    .argument(
      '[prompt...]',
      'the prompt; `-` reads it from standard input, as does a pipe when none is given',
    )
    .option(
      '-e, --engine <id>',
      'engine to run; default: the one that the model needs, else the default engine',
    )
    .option('-m, --model <id or path>', "model to run; default: the engine's own")
    .option('--system <text>', 'system prompt, for chat engines')
    .option('-f, --file <path>', 'read the prompt from a file')
    .option('-n, --samples <number>', 'how many answers to draw', integer(1, 10_000), 1)
    .option('--max-tokens <number>', `longest answer, in tokens; default ${defaultMaxTokens}`, integer(1))
    .option('--stop <text...>', 'end the answer before any of these texts')
    .option(
      '--probabilities <number>',
      'with --json or --jsonl: the likeliest candidates at every token',
      integer(1, 1000),
    )
    .option('--json', 'one JSON object at the end')
    .option('--jsonl', 'every part of the stream as a line of JSON');
  addPromptOptions(command);
  addLoadOptions(command);
  command.parse(args, { from: 'user' });
  const options = command.opts<RunOptions>();
  if (options.probabilities !== undefined && !options.json && !options.jsonl) {
    throw new AppError('USAGE', '--probabilities needs --json or --jsonl.');
  }
  const { settings: own, warnings } = settingsFor(command.opts());
  for (const warning of warnings) process.stderr.write(`babble: ${warning}\n`);
  const template = await findPrompt(options);
  const { engine, ref: model } = await chooseModel(own);
  const settings = loadSettingsFrom(command.opts());
  await using client = createEngineClient({ engine, model, settings, idleMs: 0 });

  const abort = new AbortController();
  const interrupt = () => abort.abort(new DOMException('Interrupted', 'AbortError'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const format: OutputFormat = options.jsonl ? 'jsonl' : options.json ? 'json' : 'text';
  const printer = createPrinter(process.stdout, format, interrupt);
  try {
    // the model loads while the prompt is still being read
    const loading = client.load(abort.signal);
    loading.catch(() => {});
    const hasText = command.args.length > 0 || options.file !== undefined || needsText(template, options);
    const text = hasText ? await readPrompt(command.args, options, abort.signal) : '';
    const filled = fillPrompt(template, options, text);
    const info = await loading;
    const prompt = await attachTo(filled.prompt, options, info.kind === 'completion');
    // What is asked for now goes before the template, which goes before the settings.
    const wishes = { ...chatSettingsOf(own), ...template?.settings, ...filled };
    const sampling = { ...own.sampling, ...template?.settings.sampling, ...samplingFrom(command.opts()) };
    const request = createRequest(info, prompt, { ...wishes, sampling }, options, abort.signal);
    for await (const part of client.generate(request)) await printer.print(part);
    await printer.end({ engine, model: model.id });
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  // a reader that has gone away (EPIPE) has seen enough: that is no failure
  return abort.signal.aborted && !printer.readerGone ? 130 : 0;
}

/** The model named and the engine that runs it; of an engine named alone its own model; else the default engine's. */
async function chooseModel({ engine, model }: Settings): Promise<FoundModel> {
  if (engine === undefined && model !== undefined) return findModel(model);
  const chosen = engine ?? defaultEngine;
  return { engine: chosen, ref: await resolveModel(chosen, model) };
}

async function readPrompt(
  words: readonly string[],
  options: RunOptions,
  signal: AbortSignal,
): Promise<string> {
  if (options.file !== undefined) {
    if (words.length > 0)
      throw new AppError('USAGE', 'Give the prompt as arguments or with --file, not both.');
    try {
      return (await readFile(options.file, 'utf8')).replace(/\r?\n$/, '');
    } catch (cause) {
      throw new AppError('FILE_NOT_FOUND', `The prompt file ${options.file} cannot be read.`, { cause });
    }
  }
  if (words.length === 1 && words[0] === '-') return readStandardInput(signal, { patient: true });
  return words.length > 0 ? words.join(' ') : readStandardInput(signal, { patient: false });
}

function createRequest(
  info: EngineInfo,
  prompt: string,
  wishes: Partial<ChatSettings>,
  options: RunOptions,
  signal: AbortSignal,
): GenerateRequest {
  const stop = options.stop ?? wishes.stop;
  const system = options.system ?? wishes.systemPrompt;
  const shared = {
    maxTokens: options.maxTokens ?? wishes.maxTokens ?? defaultMaxTokens,
    samples: options.samples,
    sampling: wishes.sampling ?? {},
    signal,
    ...(stop === undefined ? {} : { stop }),
    ...(options.probabilities === undefined ? {} : { topProbabilities: options.probabilities }),
  };
  if (info.kind === 'completion') {
    if (options.system)
      throw new AppError('USAGE', `The engine ${info.id} goes on from a text and has no system prompt.`);
    return { ...shared, prompt };
  }
  if (prompt === '')
    throw new AppError('USAGE', 'There is no prompt.', {
      hint: 'Give one as an argument, or through a pipe.',
    });
  const messages: Message[] = system ? [{ role: 'system', content: system }] : [];
  return { ...shared, messages: [...messages, { role: 'user', content: prompt }] };
}
