/** An answer under the eyes of a person: each token with what else it could have been, slowly, or chosen by hand. */
import { setTimeout } from 'node:timers/promises';
import type { GenerateRequest, StreamPart, TokenProbability, Usage } from '../engines/engine.ts';
import type { EngineClient } from '../engines/host/types.ts';

export interface TokenWatch {
  /** How many of the likeliest candidates are told with each token. */
  readonly candidates: number;
  /** Most tokens a second, for eyes to follow; absent: as fast as the engine. */
  readonly tokensPerSecond?: number;
  /** Asked for every token; absent: the engine draws. */
  readonly choose?: ChooseToken;
}

/** Chooses the next token of an answer. A signal that fires must end the wait, by `leave`. */
export type ChooseToken = (
  candidates: readonly TokenProbability[],
  signal: AbortSignal,
) => Promise<TokenChoice>;

export type TokenChoice =
  | { readonly type: 'take'; readonly token: TokenProbability }
  /** As the engine itself would draw it, with all sampling settings. */
  | { readonly type: 'draw' }
  /** The answer ends here. */
  | { readonly type: 'leave' };

type TextDelta = Extract<StreamPart, { type: 'text-delta' }>;

/** `client.generate`, watched. The request is for one sample. */
export function generateWatched(
  client: EngineClient,
  request: GenerateRequest,
  watch: TokenWatch | undefined,
): AsyncIterable<StreamPart> {
  if (!watch) return client.generate(request);
  if (watch.choose) return chooseEach(client, request, watch.candidates, watch.choose);
  const tells = client.info?.capabilities.has('probabilities') ?? false;
  const parts = client.generate(tells ? { ...request, topProbabilities: watch.candidates } : request);
  return watch.tokensPerSecond === undefined ? parts : paced(parts, watch.tokensPerSecond, request.signal);
}

/** One token at a time, and none after a stop: what the reader has not seen by then is not part of the answer. */
async function* paced(
  parts: AsyncIterable<StreamPart>,
  tokensPerSecond: number,
  signal: AbortSignal,
): AsyncGenerator<StreamPart> {
  const interval = 1000 / tokensPerSecond;
  let due = 0;
  let generatedTokens = 0;
  for await (const part of parts) {
    if (part.type === 'finish') {
      yield signal.aborted ? { ...part, reason: 'abort', usage: { ...part.usage, generatedTokens } } : part;
      continue;
    }
    for (const token of tokensOf(part)) {
      await wait(due - performance.now(), signal);
      if (signal.aborted) break;
      due = performance.now() + interval;
      generatedTokens += token.tokenIds.length;
      yield token;
    }
  }
}

/** Resolves early when the signal fires. */
async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(Math.max(0, ms), undefined, { signal }).catch(() => {});
}

/** A part as one part a token; whole where its text is not that of its tokens (part of a stop string is held back). */
function tokensOf(part: TextDelta): readonly TextDelta[] {
  const { chosen, candidates, tokenIds } = part;
  if (!chosen || chosen.length < 2 || chosen.map(({ text }) => text).join('') !== part.text) return [part];
  return chosen.map((token, index) => ({
    ...part,
    text: token.text,
    tokenIds: tokenIds.slice(index, index + 1),
    chosen: [token],
    ...(candidates ? { candidates: candidates.slice(index, index + 1) } : {}),
  }));
}

/** Asks for every token, until the end is chosen or drawn, the longest answer is reached, or the chooser leaves. */
async function* chooseEach(
  client: EngineClient,
  request: GenerateRequest,
  top: number,
  choose: ChooseToken,
): AsyncGenerator<StreamPart> {
  const { signal, maxTokens, sampling } = request;
  let text = '';
  const usage = (tokens: number): Usage => ({
    promptTokens: 0,
    generatedTokens: tokens,
    firstTokenMs: 0,
    tokensPerSecond: 0,
  });
  for (let tokens = 0; tokens < maxTokens; tokens++) {
    const so = withText(request, text);
    const report = await client.inspect({ type: 'next-token', top, prompt: '', ...so });
    if (report.type !== 'distribution') throw new TypeError(`Asked for a distribution, got ${report.type}.`);
    const choice = signal.aborted ? { type: 'leave' as const } : await choose(report.tokens, signal);
    if (choice.type === 'leave')
      return yield { type: 'finish', sample: 0, reason: 'abort', usage: usage(tokens) };
    if (choice.type === 'take') {
      const { token } = choice;
      if (token.ends) return yield { type: 'finish', sample: 0, reason: 'stop', usage: usage(tokens) };
      text += token.text;
      yield deltaOf(token, report.tokens);
      continue;
    }
    // A generation of one token; a fixed seed must not give every token the same luck.
    const seed = sampling.seed === undefined ? {} : { seed: sampling.seed + tokens };
    const drawn = client.generate({
      ...request,
      ...so,
      maxTokens: 1,
      sampling: { ...sampling, ...seed },
      topProbabilities: top,
    });
    for await (const part of drawn) {
      if (part.type === 'text-delta') {
        text += part.text;
        yield part;
      } else if (part.reason !== 'length') return yield { ...part, usage: usage(tokens) };
    }
  }
  yield { type: 'finish', sample: 0, reason: 'length', usage: usage(maxTokens) };
}

function deltaOf(token: TokenProbability, candidates: readonly TokenProbability[]): StreamPart {
  const { text, tokenId } = token;
  return {
    type: 'text-delta',
    sample: 0,
    text,
    tokenIds: [tokenId],
    chosen: [token],
    candidates: [candidates],
  };
}

/** What the request asks for, with the answer so far. */
function withText(
  { prompt, messages }: GenerateRequest,
  text: string,
): Pick<GenerateRequest, 'prompt' | 'messages'> {
  if (!messages) return { prompt: (prompt ?? '') + text };
  if (text === '') return { messages };
  const last = messages.at(-1);
  const begun = last?.role === 'assistant' ? last.content : '';
  const before = begun === '' ? messages : messages.slice(0, -1);
  return { messages: [...before, { role: 'assistant', content: begun + text }] };
}
