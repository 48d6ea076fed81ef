/**
 * Models on another machine, or on a cluster of them, behind one OpenAI-compatible address: llama-server,
 * vLLM, Ollama, `babble serve`. How babble grows past one machine; see docs/serve.md.
 */
import { randomInt } from 'node:crypto';
import OpenAI from 'openai';
import { AppError } from '../../errors.ts';
import type {
  Engine,
  EngineFactory,
  EngineInfo,
  FinishReason,
  GenerateRequest,
  InspectReport,
  InspectView,
  LoadSettings,
  StreamPart,
} from '../engine.ts';
import { Queue } from '../shared/queue.ts';
import { UsageMeter } from '../shared/usage.ts';
import { remoteError } from './errors.ts';
import { chooseModel, type ListedModel, remoteInfo } from './models.ts';
import { chatBody, completionBody } from './request.ts';
import { isOpenAi, type RemoteSettings, remoteSettings } from './settings.ts';
import { type ChunkContent, readChunk } from './stream.ts';

/** More than a listing of models takes even on a slow network. */
const listTimeoutMs = 30_000;

class RemoteEngine implements Engine {
  readonly info: EngineInfo;
  readonly #client: OpenAI;
  readonly #settings: RemoteSettings;
  readonly #queue = new Queue();
  readonly #closing = new AbortController();

  constructor(info: EngineInfo, client: OpenAI, settings: RemoteSettings) {
    this.info = info;
    this.#client = client;
    this.#settings = settings;
  }

  async *generate(request: GenerateRequest): AsyncGenerator<StreamPart> {
    using _turn = await this.#queue.enter(request.signal);
    // Chosen here, since the interface has no word for a seed that the server chose.
    const seed =
      request.sampling.seed ?? (this.info.capabilities.has('seeded') ? randomInt(2 ** 31) : undefined);
    for (let sample = 0; sample < (request.samples ?? 1); sample++) {
      if (this.#closing.signal.aborted) throw closedError(this.info.modelId);
      // Each sample is a request of its own; the same seed would draw the same text again.
      const sampling = seed === undefined ? request.sampling : { ...request.sampling, seed: seed + sample };
      yield* this.#generateOne({ ...request, sampling }, sample);
    }
  }

  async inspect(view: InspectView): Promise<InspectReport> {
    throw new AppError('ENGINE_UNSUPPORTED', `A remote model cannot be looked into (${view.type}).`, {
      hint: 'Views need the weights on this machine.',
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
  }

  async *#generateOne(request: GenerateRequest, sample: number): AsyncGenerator<StreamPart> {
    const meter = new UsageMeter(0);
    let told: ChunkContent['usage'];
    let reason: FinishReason | undefined;
    try {
      for await (const chunk of this.#chunks(request)) {
        const { text, tokenIds, chosen, candidates, finish, usage } = readChunk(chunk);
        told = usage ?? told;
        reason = finish ?? reason;
        if (text === '' && tokenIds.length === 0) continue;
        meter.count(tokenIds.length);
        yield {
          type: 'text-delta',
          sample,
          text,
          tokenIds,
          ...(request.topProbabilities && chosen && candidates ? { chosen, candidates } : {}),
        };
      }
    } catch (error) {
      if (!request.signal.aborted) throw remoteError(error, this.#settings.baseUrl);
    }
    if (request.signal.aborted) reason ??= 'abort';
    if (reason === undefined) {
      throw new AppError('REMOTE_FAILED', 'The server cut the answer off in the middle.', {
        hint: 'Ask again; if it keeps happening look at the log of the server.',
      });
    }
    const counted = meter.usage(told?.cached);
    const usage = told
      ? { ...counted, promptTokens: told.promptTokens, generatedTokens: told.generatedTokens }
      : counted;
    // A server says `length` for both limits; fewer tokens than allowed means the context's.
    if (reason === 'length' && told && told.generatedTokens < request.maxTokens) reason = 'context';
    const seed = request.sampling.seed;
    yield { type: 'finish', sample, reason, usage, ...(seed === undefined ? {} : { seed }) };
  }

  /** Leaving this early, or the signal, closes the connection, which is how a server learns of a stop. */
  async *#chunks(request: GenerateRequest): AsyncGenerator<unknown> {
    if (request.signal.aborted) return;
    const { stallMs, timeoutMs, baseUrl } = this.#settings;
    const stalled = new AbortController();
    const signal = AbortSignal.any([request.signal, stalled.signal, this.#closing.signal]);
    const extended = !isOpenAi(baseUrl);
    const options = { signal, timeout: timeoutMs };
    const { modelId } = this.info;
    const stream =
      request.messages === undefined
        ? await this.#client.completions.create(completionBody(modelId, request, extended), options)
        : await this.#client.chat.completions.create(chatBody(modelId, request, extended), options);
    let timer: NodeJS.Timeout | undefined;
    const watch = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(), stallMs);
    };
    try {
      watch();
      for await (const chunk of stream) {
        clearTimeout(timer); // the reader's own pauses are not the server's
        yield chunk;
        watch();
      }
    } catch (error) {
      this.#checkStopped(stalled.signal);
      throw error;
    } finally {
      clearTimeout(timer);
    }
    this.#checkStopped(stalled.signal);
  }

  /** The client library ends a stream without a word when one of our own signals stopped it. */
  #checkStopped(stalled: AbortSignal): void {
    if (stalled.aborted) {
      const seconds = this.#settings.stallMs / 1000;
      throw new AppError('REMOTE_UNREACHABLE', `The server said nothing for ${seconds} s.`, {
        hint: 'Ask again, or give it longer with the setting stallMs.',
      });
    }
    if (this.#closing.signal.aborted) throw closedError(this.info.modelId);
  }
}

function closedError(modelId: string): AppError {
  return new AppError('ENGINE_CLOSED', `The remote model ${modelId} is closed.`);
}

/**
 * The models that a server offers, as it describes them.
 * @param given load settings; absent ones come from the environment
 * @param address instead of the environment's
 * @throws AppError INVALID_SETTING, REMOTE_UNREACHABLE, REMOTE_REFUSED, REMOTE_FAILED; the signal's reason
 */
export async function listRemoteModels(
  signal: AbortSignal,
  given: LoadSettings = {},
  address = '',
): Promise<{ baseUrl: string; models: readonly ListedModel[] }> {
  const settings = remoteSettings(given, process.env, address);
  const models = await asking(settings, signal, (client) => listWith(client, signal));
  return { baseUrl: settings.baseUrl, models };
}

function connect(settings: RemoteSettings): OpenAI {
  return new OpenAI({
    baseURL: settings.baseUrl,
    // The library insists on a key; servers without one ignore it.
    apiKey: settings.apiKey ?? 'none',
    organization: null,
    project: null,
    maxRetries: settings.retries,
    logLevel: 'off',
  });
}

async function asking<Result>(
  settings: RemoteSettings,
  signal: AbortSignal,
  ask: (client: OpenAI) => Promise<Result>,
): Promise<Result> {
  try {
    return await ask(connect(settings));
  } catch (error) {
    signal.throwIfAborted();
    throw remoteError(error, settings.baseUrl);
  }
}

async function listWith(client: OpenAI, signal: AbortSignal): Promise<ListedModel[]> {
  const listed: ListedModel[] = [];
  for await (const entry of client.models.list({ signal, timeout: listTimeoutMs })) listed.push(entry);
  return listed;
}

/** `model.id` is the model's name on the server, or `auto` for its first; `model.path` its address, or ''. */
export const factory: EngineFactory = {
  id: 'remote',
  async probe() {
    return { fits: true, needs: [], freeBytes: process.availableMemory() };
  },
  async load(model, { signal, settings: given = {}, onProgress }) {
    signal.throwIfAborted();
    const settings = remoteSettings(given, process.env, model.path);
    onProgress({ message: `Asking ${new URL(settings.baseUrl).host} for its models` });
    const found = await asking(settings, signal, async (client) => {
      const chosen = chooseModel(await listWith(client, signal), model.id);
      // `babble serve` knows all of a model once it has loaded it.
      if (chosen.babble === undefined) return chosen;
      const described: ListedModel = await client.models.retrieve(chosen.id, {
        signal,
        timeout: settings.timeoutMs,
      });
      return described;
    });
    const info = remoteInfo(found, settings.kind);
    onProgress({ fraction: 1, message: 'Ready' });
    return new RemoteEngine(info, connect(settings), settings);
  },
};
