import { AppError } from '../errors.ts';
import type { EngineFactory, InspectView } from './engine.ts';

/** What is known of an engine without loading it. */
export interface EngineEntry {
  readonly id: string;
  /** One line for a menu. */
  readonly description: string;
  /** The shipped model it runs when none is named; absent where the person must name one. */
  readonly defaultModel?: string;
  /** Secret environment variables the engine needs; every other secret is kept from its process. */
  readonly secrets?: readonly string[];
  /** Its models are names on a server, not files on this machine. */
  readonly namedModels?: boolean;
  /** The views it answers; `inspect` throws ENGINE_UNSUPPORTED for others. */
  readonly views: readonly InspectView['type'][];
  /** Imports the engine's code; called only inside an engine host. */
  load(): Promise<{ factory: EngineFactory }>;
}

const localHave = ['next-token', 'surprise'] as const;
const smallHave = [...localHave, 'similarity', 'weights', 'topology'] as const;

const entries: readonly EngineEntry[] = [
  {
    id: 'bigram-count',
    description: 'names from a table of letter pairs, counted',
    defaultModel: 'bigram-count',
    views: [...smallHave, 'heatmap'],
    load: async () => ({ factory: (await import('./bigram/engine.ts')).bigramCount }),
  },
  {
    id: 'bigram-grad',
    description: 'the same table, found by gradient descent',
    defaultModel: 'bigram-grad',
    views: [...smallHave, 'heatmap'],
    load: async () => ({ factory: (await import('./bigram/engine.ts')).bigramGrad }),
  },
  {
    id: 'mlp',
    description: 'names from the last three letters through one hidden layer',
    defaultModel: 'mlp',
    views: [...smallHave, 'heatmap'],
    load: () => import('./mlp/engine.ts'),
  },
  {
    id: 'wavenet',
    description: 'names from a tree over the last eight letters',
    defaultModel: 'wavenet',
    views: smallHave,
    load: () => import('./wavenet/engine.ts'),
  },
  {
    id: 'gpt',
    description: 'text in Shakespeare’s manner from a small GPT',
    defaultModel: 'gpt',
    views: [...smallHave, 'attention', 'logit-lens'],
    load: () => import('./gpt/engine.ts'),
  },
  {
    id: 'tiny-llama',
    description: 'the same from a small LLaMA',
    defaultModel: 'tiny-llama',
    views: [...smallHave, 'attention', 'logit-lens'],
    load: () => import('./tiny-llama/engine.ts'),
  },
  {
    id: 'remote',
    description: 'a model on a server with an OpenAI-compatible interface (llama-server, vLLM, Ollama)',
    defaultModel: 'auto',
    namedModels: true,
    secrets: ['BABBLE_REMOTE_API_KEY', 'OPENAI_API_KEY'],
    views: [],
    load: () => import('./remote/engine.ts'),
  },
  {
    id: 'llama',
    description: 'any GGUF model through llama.cpp, up to LLaMA 65B',
    defaultModel: 'tiny-llama-gguf',
    views: localHave,
    load: async () => ({ factory: (await import('./llama/engine.ts')).llama }),
  },
];

/** All engines, smallest first. */
export function listEngines(): readonly EngineEntry[] {
  return entries;
}

/** Ids of the engines that answer a view. */
export function enginesWith(view: InspectView['type']): readonly string[] {
  return entries.filter(({ views }) => views.includes(view)).map(({ id }) => id);
}

/** @throws AppError UNKNOWN_ENGINE with the known ids. */
export function findEngine(id: string): EngineEntry {
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry) return entry;
  const known = entries.map((candidate) => candidate.id).join(', ');
  throw new AppError('UNKNOWN_ENGINE', `No engine is called "${id}". Known engines: ${known}.`, {
    hint: 'Choose one of the known engines; `babble models` lists the models each can run.',
  });
}
