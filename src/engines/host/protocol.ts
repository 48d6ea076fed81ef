/**
 * What the parent and an engine host say to each other. Both sides check every message with the two
 * functions below before they believe it: the other side may run native code that went wrong.
 */
import { AppError, type WireError } from '../../errors.ts';
import type {
  EngineInfo,
  FitReport,
  GenerateRequest,
  InspectReport,
  InspectView,
  LoadProgress,
  LoadSettings,
  ModelRef,
  StreamPart,
} from '../engine.ts';

/** A request without its signal, which becomes a `cancel` message. */
type WireRequest = Omit<GenerateRequest, 'signal'>;

/** Parent to host. `id` names the operation that the answers belong to. */
export type ToHost =
  | { readonly type: 'probe'; readonly id: number; readonly model: ModelRef }
  | { readonly type: 'load'; readonly id: number; readonly model: ModelRef; readonly settings: LoadSettings }
  | { readonly type: 'generate'; readonly id: number; readonly request: WireRequest }
  | { readonly type: 'inspect'; readonly id: number; readonly view: InspectView }
  /** One `parts` message was read: there is room for another. */
  | { readonly type: 'ack'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number }
  /** Answered by `alive`, to tell a busy engine from a hung process. */
  | { readonly type: 'ping' }
  /** Dispose the engine and exit. */
  | { readonly type: 'shutdown' };

/** Host to parent. */
export type FromHost =
  | { readonly type: 'progress'; readonly id: number; readonly progress: LoadProgress }
  | { readonly type: 'probed'; readonly id: number; readonly report: FitReport }
  | { readonly type: 'loaded'; readonly id: number; readonly info: EngineInfo }
  | { readonly type: 'parts'; readonly id: number; readonly parts: readonly StreamPart[] }
  | { readonly type: 'done'; readonly id: number }
  | { readonly type: 'inspected'; readonly id: number; readonly report: InspectReport }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly type: 'alive'; readonly rssBytes: number };

/** `parts` messages that may be under way unread. With the host's batches this bounds both sides' memory. */
export const windowSize = 8;
/** The reader tells of so many at a time: each of its messages interrupts the engine. */
export const messagesPerAck = 4;

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isNumber: Check = (value) => typeof value === 'number' && !Number.isNaN(value);
const isId: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** -1 where a remote server does not tell. */
const isTokenId: Check = (value) => Number.isSafeInteger(value) && (value as number) >= -1;
const isString: Check = (value) => typeof value === 'string';
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isArrayOf =
  (item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(item);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const isRecord =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(shape).every(([key, check]) => check(value[key]));
const isOneOf =
  (...known: readonly string[]): Check =>
  (value) =>
    isString(value) && known.includes(value as string);

const isModel = isRecord({ id: isString, path: isString });
const isView = isRecord({ type: isString });
const isRequest = isRecord({
  messages: optional(
    isArrayOf(isRecord({ role: isOneOf('system', 'user', 'assistant'), content: isString })),
  ),
  prompt: optional(isString),
  maxTokens: isNumber,
  sampling: isObject,
  stop: optional(isArrayOf(isString)),
  topProbabilities: optional(isNumber),
  samples: optional(isId),
  grammar: optional(isString),
  cacheKey: optional(isString),
});

const isProbability = isRecord({ tokenId: isTokenId, text: isString, probability: isNumber });
const isDelta = isRecord({
  sample: isId,
  text: isString,
  tokenIds: isArrayOf(isTokenId),
  chosen: optional(isArrayOf(isProbability)),
  candidates: optional(isArrayOf(isArrayOf(isProbability))),
});
const isFinish = isRecord({
  sample: isId,
  reason: isOneOf('stop', 'length', 'context', 'abort'),
  usage: isRecord({
    promptTokens: isNumber,
    generatedTokens: isNumber,
    cachedTokens: optional(isNumber),
    firstTokenMs: isNumber,
    tokensPerSecond: isNumber,
  }),
  seed: optional(isNumber),
});
const isPart: Check = (value) =>
  isObject(value) &&
  (value['type'] === 'text-delta' ? isDelta(value) : value['type'] === 'finish' && isFinish(value));

const toHost: Readonly<Record<ToHost['type'], Check>> = {
  probe: isRecord({ id: isId, model: isModel }),
  load: isRecord({ id: isId, model: isModel, settings: isObject }),
  generate: isRecord({ id: isId, request: isRequest }),
  inspect: isRecord({ id: isId, view: isView }),
  ack: isRecord({ id: isId }),
  cancel: isRecord({ id: isId }),
  ping: isObject,
  shutdown: isObject,
};

const fromHost: Readonly<Record<FromHost['type'], Check>> = {
  progress: isRecord({ id: isId, progress: isRecord({ fraction: optional(isNumber), message: isString }) }),
  probed: isRecord({
    id: isId,
    report: isRecord({
      fits: (value) => typeof value === 'boolean',
      needs: isArrayOf(isRecord({ what: isString, bytes: isNumber })),
      freeBytes: isNumber,
      advice: optional(isString),
    }),
  }),
  loaded: isRecord({
    id: isId,
    info: isRecord({
      id: isString,
      modelId: isString,
      kind: isOneOf('completion', 'chat'),
      capabilities: (value) => value instanceof Set,
      parameterCount: isNumber,
      contextLength: isNumber,
      vocabSize: isNumber,
      trainedOn: optional(isString),
      license: optional(isString),
    }),
  }),
  parts: isRecord({ id: isId, parts: isArrayOf(isPart) }),
  done: isRecord({ id: isId }),
  inspected: isRecord({
    id: isId,
    report: isRecord({ type: isOneOf('matrix', 'distribution', 'surprise', 'histogram', 'graph') }),
  }),
  failed: isRecord({
    id: isId,
    error: isRecord({ code: isString, message: isString, hint: optional(isString) }),
  }),
  alive: isRecord({ rssBytes: isNumber }),
};

function check<Message>(value: unknown, checks: Readonly<Record<string, Check>>): Message {
  const type = isObject(value) && isString(value['type']) ? (value['type'] as string) : undefined;
  if (type !== undefined && Object.hasOwn(checks, type) && checks[type]?.(value)) return value as Message;
  throw new AppError(
    'HOST_PROTOCOL',
    type === undefined
      ? 'A message without a type arrived between babble and an engine process.'
      : `A malformed "${type.slice(0, 40)}" message arrived between babble and an engine process.`,
    { hint: 'This is a fault in the engine. Report it with what you asked for.' },
  );
}

/** @throws AppError HOST_PROTOCOL when the value is no such message. */
export function checkToHost(value: unknown): ToHost {
  return check<ToHost>(value, toHost);
}

/** @throws AppError HOST_PROTOCOL when the value is no such message. */
export function checkFromHost(value: unknown): FromHost {
  return check<FromHost>(value, fromHost);
}
