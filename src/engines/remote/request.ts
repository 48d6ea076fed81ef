import type OpenAI from 'openai';
import type { GenerateRequest } from '../engine.ts';

export type ChatBody = OpenAI.ChatCompletionCreateParamsStreaming;
export type CompletionBody = OpenAI.CompletionCreateParamsStreaming;

/** What both kinds of request share. Absent sampling parameters are left to the server. */
function common(model: string, request: GenerateRequest, extended: boolean) {
  const { sampling, stop, maxTokens } = request;
  const known = {
    temperature: sampling.temperature,
    top_p: sampling.topP,
    frequency_penalty: sampling.frequencyPenalty,
    presence_penalty: sampling.presencePenalty,
    seed: sampling.seed,
    stop: stop === undefined || stop.length === 0 ? undefined : [...stop],
  };
  // Names as in llama-server and vLLM.
  const more = {
    top_k: sampling.topK,
    min_p: sampling.minP,
    typical_p: sampling.typicalP,
    mirostat: sampling.mirostat,
    mirostat_tau: sampling.mirostatTau,
    mirostat_eta: sampling.mirostatEta,
    repeat_penalty: sampling.repeatPenalty,
    repetition_penalty: sampling.repeatPenalty,
    repeat_last_n: sampling.repeatLastN,
    multinomial: sampling.multinomial,
    grammar: request.grammar,
    return_token_ids: true,
  };
  return {
    model,
    max_tokens: maxTokens,
    stream: true as const,
    stream_options: { include_usage: true },
    ...present(known),
    ...(extended ? present(more) : {}),
    ...(request.jsonSchema === undefined
      ? {}
      : {
          response_format: {
            type: 'json_schema' as const,
            json_schema: { name: 'answer', schema: request.jsonSchema as Record<string, unknown> },
          },
        }),
  };
}

/** @param extended whether the server takes parameters beyond OpenAI's own. */
export function chatBody(model: string, request: GenerateRequest, extended: boolean): ChatBody {
  const top = request.topProbabilities ?? 0;
  return {
    ...common(model, request, extended),
    messages: (request.messages ?? []).map(({ role, content }) => ({ role, content })),
    ...(top > 0 ? { logprobs: true, top_logprobs: top } : {}),
  };
}

/** @param extended whether the server takes parameters beyond OpenAI's own. */
export function completionBody(model: string, request: GenerateRequest, extended: boolean): CompletionBody {
  const top = request.topProbabilities ?? 0;
  return {
    ...common(model, request, extended),
    prompt: request.prompt ?? '',
    ...(top > 0 ? { logprobs: top } : {}),
  };
}

function present<Values extends Record<string, unknown>>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
