/**
 * LLaMA and every other GGUF model, run by llama.cpp on the CPU.
 *
 *     babble run --engine llama --model SmolLM2-135M-Instruct.Q4_1.gguf "What is the capital of France?"
 */
import { randomInt } from 'node:crypto';
import { AppError } from '../../errors.ts';
import type { GgufModel } from '../../formats/gguf/model.ts';
import type {
  Capability,
  Engine,
  EngineFactory,
  EngineInfo,
  GenerateRequest,
  InspectReport,
  InspectView,
  LoadOptions,
  ModelRef,
  StreamPart,
} from '../engine.ts';
import { Queue } from '../shared/queue.ts';
import { Context } from './context.ts';
import { openModel } from './files.ts';
import { fingerprint } from './fingerprint.ts';
import { contextLengthFor, fitReport, kvBytesPerToken, requireFit } from './fit.ts';
import { generateSample, type SampleRequest } from './generate.ts';
import { grammarFor } from './grammar.ts';
import { inspect } from './inspect.ts';
import { KvStore } from './kv-store.ts';
import { openAdapters } from './lora.ts';
import { namedTemplates } from './named-templates.ts';
import { NativeModel } from './native/model.ts';
import { PromptBuilder } from './prompt.ts';
import { type LlamaSettings, readSampling, readSettings } from './settings.ts';
import { TemplateRenderer } from './template.ts';

/** The engine `llama`. Its models are GGUF files. */
export const llama: EngineFactory = {
  id: 'llama',
  probe: async (ref) => fitReport(openModel(ref.path).model, readSettings()),
  load: (ref, options) => LlamaEngine.load(ref, options),
};

class LlamaEngine implements Engine {
  readonly info: EngineInfo;
  readonly #native: NativeModel;
  readonly #context: Context;
  readonly #prompts: PromptBuilder;
  readonly #settings: LlamaSettings;
  readonly #renderer: TemplateRenderer;
  readonly #queue = new Queue();
  readonly #closing = new AbortController();
  readonly #kvStore: KvStore;
  /** The conversation that the KV cache is of, when it has a key. */
  #conversation: string | undefined;

  static async load(ref: ModelRef, options: LoadOptions): Promise<LlamaEngine> {
    options.signal.throwIfAborted();
    const settings = readSettings(options.settings);
    const { file, model, parts } = openModel(ref.path);
    const adapters = openAdapters(settings.lora, model.architecture, parts);
    const template = chooseTemplate(settings.chatTemplate, model);
    if (!settings.force) requireFit(fitReport(model, settings));
    const contextLength = contextLengthFor(model, settings);
    const native = await NativeModel.load(
      file.path,
      { contextLength, vocabSize: model.vocabSize, adapters },
      settings,
      options,
    );
    const renderer = new TemplateRenderer();
    const prompts = new PromptBuilder(native.vocabulary, file, {
      template,
      renderer,
      systemPrompt: settings.systemPrompt,
    });
    const kvStore = new KvStore({
      identity: [
        native.library.release,
        settings.kvType,
        fingerprint(parts),
        ...adapters.map(({ file: adapter, scale }) => `${fingerprint([adapter])}=${scale}`),
      ].join(' '),
      bytesPerToken: kvBytesPerToken(model, settings),
    });
    return new LlamaEngine(ref, model, { native, prompts, renderer, settings, kvStore });
  }

  private constructor(
    ref: ModelRef,
    model: GgufModel,
    { native, prompts, renderer, settings, kvStore }: Parts,
  ) {
    const kind = prompts.answersMessages ? 'chat' : 'completion';
    const capabilities: Capability[] = ['probabilities', 'inspect', 'grammar', 'seeded'];
    this.info = {
      id: 'llama',
      modelId: ref.id,
      kind,
      capabilities: new Set(kind === 'chat' ? [...capabilities, 'chat'] : capabilities),
      parameterCount: model.parameterCount,
      contextLength: native.contextLength,
      vocabSize: model.vocabSize,
      ...(model.license === undefined ? {} : { license: model.license }),
    };
    this.#native = native;
    this.#context = new Context(native, settings.threads, model.parameterCount);
    this.#prompts = prompts;
    this.#renderer = renderer;
    this.#settings = settings;
    this.#kvStore = kvStore;
  }

  async *generate(request: GenerateRequest): AsyncIterable<StreamPart> {
    this.#requireOpen();
    const sampling = readSampling(request.sampling);
    const grammar = await grammarFor(this.#native.library.llama, request);
    const first = request.sampling.seed ?? randomInt(2 ** 32);
    const signal = AbortSignal.any([request.signal, this.#closing.signal]);
    using _turn = await this.#queue.enter(signal);
    const prompt = signal.aborted ? [] : await this.#tokenize(request);
    if (!signal.aborted) await this.#enterConversation(request.cacheKey, prompt);
    for (let sample = 0; sample < (request.samples ?? 1); sample++) {
      const settings: SampleRequest = {
        ...{ prompt, sample, sampling, grammar, signal, maxTokens: request.maxTokens },
        seed: first + sample,
        stop: request.stop ?? [],
        topProbabilities: request.topProbabilities ?? 0,
        draftTokens: this.#settings.draftTokens,
        contextShift: this.#settings.contextShift,
      };
      yield* generateSample(this.#native, this.#context, settings);
      if (signal.aborted) return;
    }
  }

  async inspect(view: InspectView): Promise<InspectReport> {
    this.#requireOpen();
    using _turn = await this.#queue.enter();
    await this.#enterConversation(undefined, []);
    return await inspect(view, this.#native, this.#context, this.#prompts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    // Not the queue: a generation that its reader has left lying keeps its turn for ever.
    await this.#native.settled();
    await this.#leaveConversation();
    this.#renderer[Symbol.dispose]();
    await this.#native[Symbol.asyncDispose]();
  }

  /** The KV cache goes with the conversation: the last one's is stored, this one's fetched. */
  async #enterConversation(key: string | undefined, prompt: readonly number[]): Promise<void> {
    if (key === this.#conversation || !this.#settings.keepState) return;
    await this.#leaveConversation();
    this.#conversation = key;
    if (key !== undefined) await this.#kvStore.restore(key, prompt, this.#context);
  }

  async #leaveConversation(): Promise<void> {
    const key = this.#conversation;
    this.#conversation = undefined;
    if (key !== undefined) await this.#kvStore.save(key, this.#context);
  }

  #tokenize({ messages, prompt }: GenerateRequest): number[] | Promise<number[]> {
    return messages === undefined ? this.#prompts.completion(prompt ?? '') : this.#prompts.chat(messages);
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted) throw new AppError('ENGINE_CLOSED', 'The engine was closed.');
  }
}

interface Parts {
  readonly native: NativeModel;
  readonly prompts: PromptBuilder;
  readonly renderer: TemplateRenderer;
  readonly settings: LlamaSettings;
  readonly kvStore: KvStore;
}

function chooseTemplate(name: string, model: GgufModel): string | undefined {
  if (name === 'model') return model.chatTemplate;
  const template = namedTemplates[name];
  if (template !== undefined) return template;
  const known = ['model', ...Object.keys(namedTemplates)].join(', ');
  throw new AppError('INVALID_SETTING', `There is no chat template "${name}". Known: ${known}.`);
}
