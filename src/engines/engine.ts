/**
 * The engine interface: types only. An engine is a runtime that turns a prompt into text;
 * a model is the weights it runs. Everything above (chat, terminal, Discord) knows only this file.
 *
 * Every type here crosses a process border (see host/), so all of them but `Engine`, `EngineFactory`
 * and `AbortSignal` survive a structured clone.
 */

export type Capability =
  | 'chat' // takes `messages`
  | 'probabilities' // honours `topProbabilities`
  | 'inspect' // answers at least one InspectView
  | 'fine-tune' // `babble finetune` can start from it
  | 'embeddings'
  | 'grammar' // honours `grammar` and `jsonSchema`
  | 'seeded'; // the same seed gives the same text

export interface EngineInfo {
  /** Engine id as in the registry, for example `mlp`. */
  readonly id: string;
  /** Id of the model loaded, for example `mlp` or `smollm2-135m-instruct-q4_1`. */
  readonly modelId: string;
  /** `completion` engines go on from a text; `chat` engines answer messages. */
  readonly kind: 'completion' | 'chat';
  readonly capabilities: ReadonlySet<Capability>;
  readonly parameterCount: number;
  /** Longest prompt plus answer, in tokens. */
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly trainedOn?: string;
  readonly license?: string;
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Sampling parameters; an absent one takes the engine's default. An engine ignores those it does not have. */
export interface Sampling {
  /** 0 is greedy. */
  readonly temperature?: number;
  /** Keep the k likeliest tokens; 0 keeps all. */
  readonly topK?: number;
  /** Keep the smallest set of tokens whose probabilities sum to p; 1 keeps all. */
  readonly topP?: number;
  /** Drop tokens less likely than p × the likeliest; 0 drops none. */
  readonly minP?: number;
  /** Locally typical sampling; 1 is off. */
  readonly typicalP?: number;
  /**
   * Mirostat version 1 or 2 instead of the filters above: steers towards a surprise of `mirostatTau` a token
   * (Basu et al., arXiv:2007.14966). 0 is off. The engines llama and remote have it.
   */
  readonly mirostat?: 0 | 1 | 2;
  /** Surprise to aim at, in bits a token. */
  readonly mirostatTau?: number;
  /** How quickly it corrects itself. */
  readonly mirostatEta?: number;
  /** Penalties look at this many last tokens. */
  readonly repeatLastN?: number;
  /** 1 is off. */
  readonly repeatPenalty?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  /** Absent: a fresh random seed, reported in `finish`. */
  readonly seed?: number;
  /** How a token is drawn, for engines whose sampler is ours: as PyTorch 1.x (default) or 2.x `multinomial`. */
  readonly multinomial?: 'torch1' | 'torch2';
}

export interface GenerateRequest {
  /**
   * A conversation, for engines of kind `chat`; one that ends in an answer is gone on with from its words.
   * Exactly one of `messages` and `prompt` is given.
   */
  readonly messages?: readonly Message[];
  /** A text to go on from; '' starts from the start token. */
  readonly prompt?: string;
  /** Most tokens to generate for each sample. */
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** Generation ends before any of these strings; they are not part of the text. */
  readonly stop?: readonly string[];
  /** How many of the likeliest next tokens to report with each token; 0 or absent reports none. */
  readonly topProbabilities?: number;
  /**
   * Number of texts to draw (default 1). Engines that draw one after the other do so from one generator, seeded once.
   * Those that draw them side by side give sample i the seed + i, and their parts come mixed.
   */
  readonly samples?: number;
  /** GBNF grammar that the answer must follow (capability `grammar`). */
  readonly grammar?: string;
  /** JSON schema that the answer must follow (capability `grammar`). */
  readonly jsonSchema?: unknown;
  /**
   * Id of the conversation, when the engine may keep on disk what it computed of it (see savedStates in
   * paths.ts). Absent: nothing is kept.
   */
  readonly cacheKey?: string;
  readonly signal: AbortSignal;
}

export interface TokenProbability {
  readonly tokenId: number;
  readonly text: string;
  /** In [0, 1], after softmax at temperature 1, before any filter. */
  readonly probability: number;
  /** This token ends the text; its own text is not part of it. */
  readonly ends?: true;
}

export type FinishReason =
  | 'stop' // the model's end token or a stop string
  | 'length' // maxTokens reached
  | 'context' // contextLength reached
  | 'abort'; // request.signal

export interface Usage {
  readonly promptTokens: number;
  readonly generatedTokens: number;
  /** Prompt tokens found in the KV cache and not evaluated again. */
  readonly cachedTokens?: number;
  /** Milliseconds from the request to the first token. */
  readonly firstTokenMs: number;
  /** Generated tokens a second after the first. 0 when fewer than two. */
  readonly tokensPerSecond: number;
}

export type StreamPart =
  | {
      readonly type: 'text-delta';
      /** Index of the sample this belongs to, from 0. */
      readonly sample: number;
      readonly text: string;
      /** -1 for a token whose id a remote server does not tell. */
      readonly tokenIds: readonly number[];
      /** Probability of each of `tokenIds` when it was drawn (if `topProbabilities` was asked for). */
      readonly chosen?: readonly TokenProbability[];
      /** The likeliest candidates at each of `tokenIds`, likeliest first. */
      readonly candidates?: readonly (readonly TokenProbability[])[];
    }
  | {
      /** Comes once for each sample; the stream ends after the last one. */
      readonly type: 'finish';
      readonly sample: number;
      readonly reason: FinishReason;
      readonly usage: Usage;
      /** The seed that gives this text again (capability `seeded`). */
      readonly seed?: number;
    };

/** What a person may look at. An engine answers the views it has and throws ENGINE_UNSUPPORTED for others. */
export type InspectView =
  | {
      readonly type: 'next-token';
      readonly prompt: string;
      /** A conversation in place of the prompt, for engines of kind `chat`. */
      readonly messages?: readonly Message[];
      readonly top?: number;
    }
  | { readonly type: 'surprise'; readonly text: string } // NLL of every token of a text
  | { readonly type: 'heatmap' } // the table of a bigram model, or the nearest thing the model has
  | { readonly type: 'similarity' } // ReLU of cosine between token embeddings
  | { readonly type: 'weights' } // histogram of every weight tensor
  | { readonly type: 'topology' }
  | { readonly type: 'attention'; readonly prompt: string; readonly layer: number; readonly head: number }
  | { readonly type: 'logit-lens'; readonly prompt: string };

export type InspectReport =
  | {
      readonly type: 'matrix';
      readonly title: string;
      readonly rowLabels: readonly string[];
      readonly columnLabels: readonly string[];
      /** Row-major. */
      readonly values: Float32Array; // (R, C)
      /** Text in each cell, row-major, where the cell says more than its number. */
      readonly cellLabels?: readonly string[];
    }
  | { readonly type: 'distribution'; readonly title: string; readonly tokens: readonly TokenProbability[] }
  | {
      readonly type: 'surprise';
      readonly tokens: readonly { readonly text: string; readonly tokenId: number; readonly nll: number }[];
      /** Mean NLL in nats a token. */
      readonly meanNll: number;
    }
  | {
      readonly type: 'histogram';
      readonly title: string;
      readonly series: readonly {
        readonly name: string;
        readonly shape: readonly number[];
        readonly values: Float32Array;
      }[];
    }
  | {
      readonly type: 'graph';
      readonly title: string;
      readonly nodes: readonly {
        readonly id: string;
        readonly label: string;
        /** Of its output. */
        readonly shape?: string;
        /** Parameters it holds; over all nodes they sum to the model's. */
        readonly parameterCount?: number;
      }[];
      readonly edges: readonly { readonly from: string; readonly to: string }[];
    };

/** Where a model's weights are: a folder with model.json, or a GGUF file, or a remote model's name. */
export interface ModelRef {
  readonly id: string;
  readonly path: string;
}

/** Answer to "can this machine run it?", before anything is loaded. */
export interface FitReport {
  readonly fits: boolean;
  /** Bytes needed, by part: weights, KV cache, buffers. */
  readonly needs: readonly { readonly what: string; readonly bytes: number }[];
  /** Bytes free for it, cgroup limits included. */
  readonly freeBytes: number;
  /** What would fit instead, for a person, when it does not. */
  readonly advice?: string;
}

export interface LoadProgress {
  /** In [0, 1]; absent when unknown. */
  readonly fraction?: number;
  readonly message: string;
}

/** Engine-specific load options, plain data (context length, threads, KV cache type …). */
export type LoadSettings = Readonly<Record<string, string | number | boolean>>;

export interface LoadOptions {
  readonly signal: AbortSignal;
  readonly settings?: LoadSettings;
  onProgress(progress: LoadProgress): void;
}

export interface Engine extends AsyncDisposable {
  readonly info: EngineInfo;
  /**
   * Streams the answer. Aborting `request.signal` ends the stream with `finish: 'abort'`; text already
   * streamed stays valid. One generation at a time for each engine: a second call waits for the first.
   */
  generate(request: GenerateRequest): AsyncIterable<StreamPart>;
  inspect(view: InspectView): Promise<InspectReport>;
}

export interface EngineFactory {
  readonly id: string;
  probe(model: ModelRef): Promise<FitReport>;
  /** @throws the signal's reason when aborted; AppError ENGINE_LOAD_FAILED, FILE_* otherwise. */
  load(model: ModelRef, options: LoadOptions): Promise<Engine>;
}
