/** Reads request bodies: what OpenAI's interface names, and the parameters that llama-server and vLLM add. */
import { z } from 'zod';
import type { GenerateRequest, Message, Sampling } from '../engines/engine.ts';
import { HttpError } from './http-error.ts';

/** A request without its prompt and signal. */
type Parameters = Omit<GenerateRequest, 'messages' | 'prompt' | 'signal'>;

export interface Asked {
  readonly model: string;
  readonly parameters: Parameters;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

export interface AskedChat extends Asked {
  readonly messages: readonly Message[];
}

export interface AskedCompletion extends Asked {
  readonly prompts: readonly string[];
}

const defaultMaxTokens = 512;
const count = z.number().int();

const common = {
  model: z.string().min(1),
  max_tokens: count.min(1).nullish(),
  max_completion_tokens: count.min(1).nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: count.min(0).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  typical_p: z.number().min(0).max(1).nullish(),
  mirostat: z.literal([0, 1, 2]).nullish(),
  mirostat_tau: z.number().min(0).max(100).nullish(),
  mirostat_eta: z.number().min(0).max(1).nullish(),
  repeat_penalty: z.number().positive().nullish(),
  repetition_penalty: z.number().positive().nullish(),
  repeat_last_n: count.nullish(),
  frequency_penalty: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  multinomial: z.enum(['torch1', 'torch2']).nullish(),
  seed: count.min(0).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  n: count.min(1).max(128).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  grammar: z.string().nullish(),
  response_format: z
    .union([
      z.object({ type: z.literal('text') }),
      z.object({ type: z.literal('json_object') }),
      z.object({ type: z.literal('json_schema'), json_schema: z.object({ schema: z.unknown() }) }),
    ])
    .nullish(),
};

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const chatSchema = z.object({
  ...common,
  messages: z
    .array(
      z.object({
        role: z.enum(['system', 'developer', 'user', 'assistant']),
        content: z.union([z.string(), z.array(textPart)]),
      }),
    )
    .min(1),
  logprobs: z.boolean().nullish(),
  top_logprobs: count.min(0).max(1000).nullish(),
  tools: z.array(z.unknown()).max(0, 'tools are not supported').nullish(),
});
const completionSchema = z.object({
  ...common,
  prompt: z.union([z.string(), z.array(z.string()).min(1).max(32)]).nullish(),
  logprobs: count.min(0).max(1000).nullish(),
  echo: z.literal(false, 'echo is not supported').nullish(),
  suffix: z.literal('', 'suffix is not supported').nullish(),
  best_of: z.literal(1, 'best_of is not supported').nullish(),
});

type Common = z.infer<z.ZodObject<typeof common>>;

/** @throws HttpError 400 naming the first field that is wrong. */
export function parseChat(body: unknown): AskedChat {
  const asked = check(chatSchema, body);
  const messages = asked.messages.map(
    ({ role, content }): Message => ({
      role: role === 'developer' ? 'system' : role,
      content: typeof content === 'string' ? content : content.map(({ text }) => text).join(''),
    }),
  );
  const top = asked.logprobs ? Math.max(1, asked.top_logprobs ?? 0) : 0;
  return { ...shared(asked, top), messages };
}

/** @throws HttpError 400 naming the first field that is wrong. */
export function parseCompletion(body: unknown): AskedCompletion {
  const asked = check(completionSchema, body);
  const prompts = typeof asked.prompt === 'string' ? [asked.prompt] : (asked.prompt ?? ['']);
  return { ...shared(asked, asked.logprobs ?? 0), prompts };
}

function check<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.join('.') || 'The body';
  throw new HttpError(400, 'invalid_request', `${place}: ${issue?.message ?? 'is wrong'}.`);
}

function shared(asked: Common, topProbabilities: number): Asked {
  const format = asked.response_format;
  return {
    model: asked.model,
    stream: asked.stream ?? false,
    includeUsage: asked.stream_options?.include_usage ?? false,
    parameters: {
      maxTokens: asked.max_completion_tokens ?? asked.max_tokens ?? defaultMaxTokens,
      sampling: sampling(asked),
      samples: asked.n ?? 1,
      ...(asked.stop ? { stop: typeof asked.stop === 'string' ? [asked.stop] : asked.stop } : {}),
      ...(topProbabilities > 0 ? { topProbabilities } : {}),
      ...(asked.grammar ? { grammar: asked.grammar } : {}),
      ...(format?.type === 'json_object' ? { jsonSchema: { type: 'object' } } : {}),
      ...(format?.type === 'json_schema' ? { jsonSchema: format.json_schema.schema } : {}),
    },
  };
}

function sampling(asked: Common): Sampling {
  const named = {
    temperature: asked.temperature,
    topK: asked.top_k,
    topP: asked.top_p,
    minP: asked.min_p,
    typicalP: asked.typical_p,
    mirostat: asked.mirostat,
    mirostatTau: asked.mirostat_tau,
    mirostatEta: asked.mirostat_eta,
    repeatLastN: asked.repeat_last_n,
    repeatPenalty: asked.repeat_penalty ?? asked.repetition_penalty,
    frequencyPenalty: asked.frequency_penalty,
    presencePenalty: asked.presence_penalty,
    seed: asked.seed,
    multinomial: asked.multinomial,
  };
  return Object.fromEntries(
    Object.entries(named).filter(([, value]) => value !== undefined && value !== null),
  ) as Sampling;
}
