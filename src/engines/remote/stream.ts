/** Reads the chunks of an OpenAI-compatible stream: servers differ in what they add, and none is trusted. */
import type { FinishReason, TokenProbability } from '../engine.ts';

/** A server that does not tell a token's id has this one. */
const unknownTokenId = -1;

/** What one chunk adds. */
export interface ChunkContent {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly chosen?: readonly TokenProbability[];
  readonly candidates?: readonly (readonly TokenProbability[])[];
  readonly finish?: FinishReason;
  readonly usage?: {
    readonly promptTokens: number;
    readonly generatedTokens: number;
    readonly cached?: number;
  };
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export function readChunk(chunk: unknown): ChunkContent {
  const choice = fields(list(fields(chunk)['choices'])[0]);
  const content = fields(choice['delta'])['content'] ?? choice['text'];
  const text = typeof content === 'string' ? content : '';
  const told = list(choice['token_ids']).filter(isCount);
  const probabilities = readProbabilities(choice['logprobs'], told);
  const finish = choice['finish_reason'];
  const usage = readUsage(fields(chunk)['usage']);
  return {
    text,
    tokenIds:
      told.length > 0
        ? told
        : (probabilities?.chosen.map(() => unknownTokenId) ?? (text === '' ? [] : [unknownTokenId])),
    ...(probabilities ?? {}),
    ...(typeof finish === 'string' ? { finish: finish === 'length' ? 'length' : 'stop' } : {}),
    ...(usage ? { usage } : {}),
  };
}

function readUsage(value: unknown): ChunkContent['usage'] {
  const usage = fields(value);
  const promptTokens = usage['prompt_tokens'];
  const generatedTokens = usage['completion_tokens'];
  if (!isCount(promptTokens) || !isCount(generatedTokens)) return undefined;
  const cached = fields(usage['prompt_tokens_details'])['cached_tokens'];
  return { promptTokens, generatedTokens, ...(isCount(cached) ? { cached } : {}) };
}

interface Probabilities {
  readonly chosen: readonly TokenProbability[];
  readonly candidates: readonly (readonly TokenProbability[])[];
}

/** Chat has `content` with one entry a token; completions have parallel arrays. */
function readProbabilities(value: unknown, tokenIds: readonly number[]): Probabilities | undefined {
  const logprobs = fields(value);
  const entries = Array.isArray(logprobs['content'])
    ? logprobs['content'].map((entry) => ({
        token: token(fields(entry)),
        top: list(fields(entry)['top_logprobs']).map((top) => token(fields(top))),
      }))
    : list(logprobs['tokens']).map((text, i) => ({
        token: token({ token: text, logprob: list(logprobs['token_logprobs'])[i] }),
        top: Object.entries(fields(list(logprobs['top_logprobs'])[i])).map(([top, logprob]) =>
          token({ token: top, logprob }),
        ),
      }));
  if (entries.length === 0) return undefined;
  return {
    chosen: entries.map((entry, i) => ({ ...entry.token, tokenId: tokenIds[i] ?? entry.token.tokenId })),
    candidates: entries.map((entry, i) =>
      entry.top
        .map((top) =>
          top.text === entry.token.text && top.tokenId === unknownTokenId
            ? { ...top, tokenId: tokenIds[i] ?? unknownTokenId }
            : top,
        )
        .toSorted((a, b) => b.probability - a.probability),
    ),
  };
}

function token(entry: Fields): TokenProbability {
  const {
    token: text,
    logprob,
    token_id: tokenId,
  } = entry as Record<'token' | 'logprob' | 'token_id', unknown>;
  return {
    tokenId: isCount(tokenId) ? tokenId : unknownTokenId,
    text: typeof text === 'string' ? text : '',
    probability: typeof logprob === 'number' ? Math.min(1, Math.exp(logprob)) : 0,
  };
}
