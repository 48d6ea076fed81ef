import { availableParallelism } from 'node:os';
import { AppError } from '../../errors.ts';
import type { LoadSettings, Sampling } from '../engine.ts';

/** What can be set when a GGUF model is loaded. Names and defaults as llama.cpp's, but for the context. */
export interface LlamaSettings {
  /** Tokens of context; default: what the model was trained with, at most 8192. */
  readonly contextLength: number | undefined;
  /** Compute threads at most; fewer are used while others need the processor. Default: one a core. */
  readonly threads: number;
  /** Prompt tokens evaluated at a time. */
  readonly batchSize: number;
  /** Type of the KV cache: f16, or q8_0 and q4_0 to hold two and four times the context. */
  readonly kvType: 'f32' | 'f16' | 'q8_0' | 'q5_1' | 'q5_0' | 'q4_1' | 'q4_0';
  /** Map the file instead of reading it: loads at once and shares the page cache. */
  readonly mmap: boolean;
  /** `model`: the file's own; else the name of a template. */
  readonly chatTemplate: string;
  /** For conversations that have none; '' leaves it to the template, which may have its own. */
  readonly systemPrompt: string;
  /** LoRA adapters: `path`, `path=scale` or `path:scale`, separated by commas. */
  readonly lora: string;
  /** When the context is full: drop the oldest half after the first `contextKeep` tokens and go on. */
  readonly contextShift: boolean;
  /** Tokens guessed ahead from repetitions in the text; 0 is off. */
  readonly draftTokens: number;
  /** Store the KV cache of conversations that have a key when they are left, and go on from there. */
  readonly keepState: boolean;
  /** Load although the memory estimate says it does not fit. */
  readonly force: boolean;
}

const kvTypes: readonly string[] = ['f32', 'f16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0'];

const defaults: LlamaSettings = {
  contextLength: undefined,
  threads: availableParallelism(),
  batchSize: 512,
  kvType: 'f16',
  mmap: true,
  chatTemplate: 'model',
  systemPrompt: 'You are a helpful assistant.',
  lora: '',
  contextShift: false,
  draftTokens: 0,
  keepState: true,
  force: false,
};

/** @throws AppError INVALID_SETTING */
export function readSettings(given: LoadSettings = {}): LlamaSettings {
  const settings: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaults)) throw invalid(name, `unknown; known are ${Object.keys(defaults).join(', ')}`);
    const expected = name === 'contextLength' ? 'number' : typeof defaults[name as keyof LlamaSettings];
    if (typeof value !== expected) throw invalid(name, `${JSON.stringify(value)}, expected a ${expected}`);
    settings[name] = value;
  }
  const checked = settings as unknown as LlamaSettings;
  inRange('contextLength', checked.contextLength ?? 8, 8, 1 << 24);
  inRange('threads', checked.threads, 1, 512);
  inRange('batchSize', checked.batchSize, 1, 8192);
  inRange('draftTokens', checked.draftTokens, 0, 32);
  if (!kvTypes.includes(checked.kvType)) {
    throw invalid('kvType', `"${checked.kvType}", expected one of ${kvTypes.join(', ')}`);
  }
  return checked;
}

/** Sampling parameters with llama.cpp's defaults; the seed stays open. */
export type LlamaSampling = Required<Omit<Sampling, 'seed' | 'multinomial'>>;

const samplingDefaults: LlamaSampling = {
  temperature: 0.8,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  typicalP: 1,
  mirostat: 0,
  mirostatTau: 5,
  mirostatEta: 0.1,
  repeatLastN: 64,
  repeatPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
};

/** @throws AppError INVALID_SETTING */
export function readSampling(given: Sampling): LlamaSampling {
  const sampling: Record<string, number> = { ...samplingDefaults };
  for (const name of Object.keys(samplingDefaults) as (keyof LlamaSampling)[]) {
    const value = given[name];
    if (value !== undefined) sampling[name] = value;
  }
  const checked = sampling as unknown as LlamaSampling;
  inRange('temperature', checked.temperature, 0, 100, false);
  inRange('topK', checked.topK, 0, 1 << 24);
  inRange('topP', checked.topP, 0, 1, false);
  inRange('minP', checked.minP, 0, 1, false);
  inRange('typicalP', checked.typicalP, 0, 1, false);
  inRange('mirostat', checked.mirostat, 0, 2);
  inRange('mirostatTau', checked.mirostatTau, 0, 100, false);
  inRange('mirostatEta', checked.mirostatEta, 0, 1, false);
  inRange('repeatLastN', checked.repeatLastN, -1, 1 << 24);
  inRange('repeatPenalty', checked.repeatPenalty, 0.01, 100, false);
  inRange('frequencyPenalty', checked.frequencyPenalty, -100, 100, false);
  inRange('presencePenalty', checked.presencePenalty, -100, 100, false);
  return checked;
}

function inRange(name: string, value: number, least: number, most: number, whole = true): void {
  if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    throw invalid(name, `${value}, expected ${whole ? 'a whole number ' : ''}from ${least} to ${most}`);
  }
}

function invalid(name: string, what: string): AppError {
  return new AppError('INVALID_SETTING', `The setting ${name} is ${what}.`);
}
