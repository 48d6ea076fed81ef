/**
 * A short list of models to begin with, smallest first. Written down without the hub at hand: sizes are
 * about right, and what the hub says at the pull counts.
 */
interface CuratedModel {
  /** Short name for `babble models pull`, and for the model once it is there. */
  readonly alias: string;
  readonly ref: string;
  /** About the size of the file. */
  readonly gigabytes: number;
  readonly license: string;
  readonly note: string;
}

export const curatedModels: readonly CuratedModel[] = [
  {
    alias: 'qwen2.5-0.5b',
    ref: 'hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M',
    gigabytes: 0.49,
    license: 'Apache-2.0',
    note: 'fits 1 GB, many languages',
  },
  {
    alias: 'smollm2',
    ref: 'hf:HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF:Q4_K_M',
    gigabytes: 1.06,
    license: 'Apache-2.0',
    note: 'small and quick, English',
  },
  {
    alias: 'mistral-7b',
    ref: 'hf:bartowski/Mistral-7B-Instruct-v0.3-GGUF:Q4_K_M',
    gigabytes: 4.37,
    license: 'Apache-2.0',
    note: 'for 8 GB machines',
  },
  {
    alias: 'llama3.1-8b',
    ref: 'hf:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q4_K_M',
    gigabytes: 4.92,
    license: 'Llama 3.1 Community',
    note: 'for 8 GB machines',
  },
  {
    alias: 'llama-65b',
    ref: 'hf:TheBloke/LLaMA-65B-GGUF:Q4_K_M',
    gigabytes: 39.3,
    license: 'LLaMA (not commercial)',
    note: 'the first LLaMA’s largest; completes texts',
  },
  {
    alias: 'llama3.1-70b',
    ref: 'hf:bartowski/Meta-Llama-3.1-70B-Instruct-GGUF:Q4_K_M',
    gigabytes: 42.5,
    license: 'Llama 3.1 Community',
    note: 'its successor, chats',
  },
];
