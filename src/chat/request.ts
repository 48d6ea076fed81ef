/** Turns a conversation into what an engine can take, and says what had to be left out. */
import type { EngineInfo, GenerateRequest, Message } from '../engines/engine.ts';
import type { ChatSettings } from './types.ts';

/** Characters a token, taken low so that the estimate of tokens is high. Small vocabularies are characters. */
const charactersPerToken = { small: 1, large: 3 };
const smallVocabulary = 1000;

export interface RequestInput {
  /** From the root to the message to answer, or to the answer to go on from. */
  readonly path: readonly Message[];
  readonly info: EngineInfo;
  readonly settings: ChatSettings;
  /** 0 gives all that should fit; each step more, half of it: for an engine that found it too long. */
  readonly cut: number;
  /** As in GenerateRequest. */
  readonly cacheKey?: string | undefined;
}

export interface PreparedRequest {
  readonly request: Omit<GenerateRequest, 'signal'>;
  /** What the engine is not given of the conversation, for a person. */
  readonly leftOut?: string;
  /** Whether a further cut would leave out more. */
  readonly canBeCut: boolean;
}

/**
 * A chat engine gets the system prompt and the messages, oldest left out first. A completion engine goes on
 * from the last message's text. When the path ends in an answer, the engine is to go on from its words.
 */
export function prepareRequest(input: RequestInput): PreparedRequest {
  const { sampling, maxTokens, stop } = input.settings;
  const { cacheKey } = input;
  const common = {
    ...{ maxTokens, sampling },
    ...(stop.length > 0 ? { stop } : {}),
    ...(cacheKey === undefined ? {} : { cacheKey }),
  };
  return input.info.kind === 'chat' ? chatRequest(input, common) : completionRequest(input, common);
}

type Common = Pick<GenerateRequest, 'maxTokens' | 'sampling' | 'stop' | 'cacheKey'>;

function completionRequest({ path, info, settings, cut }: RequestInput, common: Common): PreparedRequest {
  const place = path.findLastIndex(({ role }) => role === 'user');
  const text = path
    .slice(Math.max(place, 0))
    .map(({ content }) => content)
    .join('');
  const room = Math.floor(((info.contextLength / 2) * perToken(info)) / 2 ** (cut - 1));
  const prompt = cut === 0 ? text : endOf(text, room);
  const leftOut = [
    place > 0 ? `the ${count(place, 'earlier message')}` : '',
    prompt.length < text.length ? 'the beginning of the last one' : '',
    settings.systemPrompt === '' ? '' : 'the system prompt',
  ].filter(Boolean);
  return {
    request: { ...common, prompt },
    canBeCut: prompt.length > 1,
    ...(leftOut.length === 0
      ? {}
      : { leftOut: `${info.modelId} goes on from one text: it is not given ${leftOut.join(', ')}.` }),
  };
}

function chatRequest({ path, info, settings, cut }: RequestInput, common: Common): PreparedRequest {
  const system = [
    settings.systemPrompt,
    ...path.filter(({ role }) => role === 'system').map(({ content }) => content),
  ]
    .filter(Boolean)
    .join('\n\n');
  const messages = joinNeighbours(path.filter(({ role }) => role !== 'system'));
  const answerRoom = Math.min(common.maxTokens, info.contextLength / 2);
  const room = ((info.contextLength - answerRoom) * perToken(info)) / 2 ** cut - system.length;
  const fitting = firstThatFits(messages, room);
  const first = firstQuestion(messages, fitting);
  const kept = messages.slice(first);
  const why = fitting > 0 ? `reads at most ${info.contextLength} tokens` : 'begins with a question';
  return {
    request: {
      ...common,
      messages: system === '' ? kept : [{ role: 'system', content: system }, ...kept],
    },
    canBeCut: kept.length > 1,
    ...(first === 0
      ? {}
      : {
          leftOut: `${info.modelId} ${why}: it is not given the ${count(first, 'oldest message')}.`,
        }),
  };
}

/** Index of the first message from which all fit. */
function firstThatFits(messages: readonly Message[], room: number): number {
  let first = messages.length;
  let length = 0;
  while (first > 0) {
    length += messages[first - 1]!.content.length;
    if (length > room) break;
    first -= 1;
  }
  return first;
}

/** Index of the first message to keep: a person's, and at the latest the last one's. */
function firstQuestion(messages: readonly Message[], from: number): number {
  const next = messages.findIndex(({ role }, index) => index >= from && role === 'user');
  const last = messages.findLastIndex(({ role }) => role === 'user');
  return Math.max(0, next < 0 ? last : next);
}

/** Answers without a word are left out; then neighbours of one role become one message, as chat templates want. */
function joinNeighbours(path: readonly Message[]): Message[] {
  const messages: { role: Message['role']; content: string }[] = [];
  for (const { role, content } of path) {
    if (content === '') continue;
    const last = messages.at(-1);
    if (last?.role === role) last.content += `\n\n${content}`;
    else messages.push({ role, content });
  }
  return messages;
}

/** The last characters of a text, no surrogate pair torn. */
function endOf(text: string, length: number): string {
  return text.slice(-Math.max(1, length)).replace(/^[\udc00-\udfff]/, '');
}

function perToken({ vocabSize }: EngineInfo): number {
  return vocabSize < smallVocabulary ? charactersPerToken.small : charactersPerToken.large;
}

function count(number: number, what: string): string {
  return number === 1 ? what : `${number} ${what}s`;
}
