/** The shapes of OpenAI's answers, for chat completions and for completions. */
import type { FinishReason, StreamPart, TokenProbability, Usage } from '../engines/engine.ts';

type TextDelta = Extract<StreamPart, { type: 'text-delta' }>;

/** One answer among several (samples × prompts). */
export interface Choice {
  text: string;
  readonly deltas: TextDelta[];
  reason?: FinishReason;
}

export interface Format {
  /** A streamed piece; `first` for the first of its choice. */
  delta(index: number, delta: TextDelta, first: boolean): object;
  finish(index: number, reason: FinishReason): object;
  /** The chunk that ends a stream whose client asked for usage. */
  usage(usage: object): object;
  /** The whole answer at once. */
  whole(choices: readonly Choice[], usage: object): object;
}

export function chatFormat(id: string, model: string, created: number): Format {
  const head = { id: `chatcmpl-${id}`, created, model };
  const chunk = (choices: readonly object[], more: object = {}): object => ({
    ...head,
    object: 'chat.completion.chunk',
    choices,
    ...more,
  });
  return {
    delta: (index, delta, first) =>
      chunk([
        {
          index,
          delta: { ...(first ? { role: 'assistant' } : {}), content: delta.text },
          logprobs: chatLogprobs([delta]),
          finish_reason: null,
          token_ids: delta.tokenIds,
        },
      ]),
    finish: (index, reason) =>
      chunk([{ index, delta: {}, logprobs: null, finish_reason: finishReason(reason) }]),
    usage: (usage) => chunk([], { usage }),
    whole: (choices, usage) => ({
      ...head,
      object: 'chat.completion',
      choices: choices.map(({ text, deltas, reason }, index) => ({
        index,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: chatLogprobs(deltas),
        finish_reason: finishReason(reason ?? 'stop'),
      })),
      usage,
    }),
  };
}

export function completionFormat(id: string, model: string, created: number): Format {
  const head = { id: `cmpl-${id}`, object: 'text_completion', created, model };
  return {
    delta: (index, delta) => ({
      ...head,
      choices: [
        {
          index,
          text: delta.text,
          logprobs: completionLogprobs([delta]),
          finish_reason: null,
          token_ids: delta.tokenIds,
        },
      ],
    }),
    finish: (index, reason) => ({
      ...head,
      choices: [{ index, text: '', logprobs: null, finish_reason: finishReason(reason) }],
    }),
    usage: (usage) => ({ ...head, choices: [], usage }),
    whole: (choices, usage) => ({
      ...head,
      choices: choices.map(({ text, deltas, reason }, index) => ({
        index,
        text,
        logprobs: completionLogprobs(deltas),
        finish_reason: finishReason(reason ?? 'stop'),
      })),
      usage,
    }),
  };
}

/** Usage over several answers; `prompts` is how many of them began with a prompt of their own. */
export function usageOf(finishes: readonly { readonly sample: number; readonly usage: Usage }[]): object {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  // Samples share their prompt.
  const prompt = sum(finishes.filter(({ sample }) => sample === 0).map(({ usage }) => usage.promptTokens));
  const generated = sum(finishes.map(({ usage }) => usage.generatedTokens));
  const cached = sum(finishes.map(({ usage }) => usage.cachedTokens ?? 0));
  return {
    prompt_tokens: prompt,
    completion_tokens: generated,
    total_tokens: prompt + generated,
    prompt_tokens_details: { cached_tokens: cached },
  };
}

/** OpenAI knows one word for both limits, and none for an abort, which is never sent. */
function finishReason(reason: FinishReason): 'stop' | 'length' {
  switch (reason) {
    case 'length':
    case 'context':
      return 'length';
    case 'stop':
    case 'abort':
      return 'stop';
    default:
      return reason satisfies never;
  }
}

/** JSON has no -Infinity; this is what OpenAI sends for the impossible. */
const impossible = -9999;
const logprob = ({ probability }: TokenProbability): number =>
  probability > 0 ? Math.log(probability) : impossible;

function chatLogprobs(deltas: readonly TextDelta[]): object | null {
  if (deltas[0]?.chosen === undefined) return null;
  const entry = (token: TokenProbability): object => ({
    token: token.text,
    token_id: token.tokenId,
    logprob: logprob(token),
    bytes: [...Buffer.from(token.text)],
  });
  return {
    content: deltas.flatMap(({ chosen = [], candidates = [] }) =>
      chosen.map((token, i) => ({ ...entry(token), top_logprobs: (candidates[i] ?? []).map(entry) })),
    ),
    refusal: null,
  };
}

function completionLogprobs(deltas: readonly TextDelta[]): object | null {
  if (deltas[0]?.chosen === undefined) return null;
  const chosen = deltas.flatMap((delta) => delta.chosen ?? []);
  const candidates = deltas.flatMap((delta) => delta.candidates ?? []);
  let offset = 0;
  return {
    tokens: chosen.map(({ text }) => text),
    token_logprobs: chosen.map(logprob),
    top_logprobs: candidates.map((top) =>
      Object.fromEntries(top.map((token) => [token.text, logprob(token)])),
    ),
    text_offset: chosen.map(({ text }) => {
      const at = offset;
      offset += text.length;
      return at;
    }),
  };
}
