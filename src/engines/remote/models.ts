import { AppError } from '../../errors.ts';
import type { Capability, EngineInfo } from '../engine.ts';

/**
 * An entry of a server's model list. Beyond the id each kind of server tells what it likes: llama-server
 * has `meta`, vLLM `max_model_len`, `babble serve` `babble`.
 */
export interface ListedModel {
  readonly id: string;
  readonly meta?: unknown;
  readonly max_model_len?: unknown;
  readonly babble?: unknown;
}

/** The first model, for `auto`; else the one of that name. @throws AppError UNKNOWN_MODEL with the known ones. */
export function chooseModel(listed: readonly ListedModel[], wanted: string): ListedModel {
  const found = wanted === 'auto' ? listed[0] : listed.find((model) => model.id === wanted);
  if (found) return found;
  const names = listed.slice(0, 20).map((model) => model.id.slice(0, 80));
  throw new AppError(
    'UNKNOWN_MODEL',
    wanted === 'auto'
      ? 'The server offers no model.'
      : `The server offers no model "${wanted}". It offers: ${names.join(', ') || 'none'}.`,
    { hint: 'Name one of its models, or `auto` for its first.' },
  );
}

/** What a server tells of a model; numbers it does not tell are 0. */
export function remoteInfo(model: ListedModel, kind: 'chat' | 'completion' | undefined): EngineInfo {
  const babble = fields(model.babble);
  const meta = fields(model.meta);
  const told = babble['kind'] === 'completion' ? 'completion' : 'chat';
  const actual = kind ?? told;
  const license = babble['license'];
  const trainedOn = babble['trainedOn'];
  return {
    id: 'remote',
    modelId: model.id,
    kind: actual,
    capabilities: new Set([...(actual === 'chat' ? (['chat'] as const) : []), ...capabilities(model)]),
    parameterCount: count(babble['parameterCount'], meta['n_params']),
    contextLength: count(babble['contextLength'], model.max_model_len, meta['n_ctx_train']),
    vocabSize: count(babble['vocabSize'], meta['n_vocab']),
    ...(typeof trainedOn === 'string' ? { trainedOn } : {}),
    ...(typeof license === 'string' ? { license } : {}),
  };
}

/** Known servers honour these; of an unknown one nothing is promised, though all is asked for. */
function capabilities(model: ListedModel): Capability[] {
  const all: readonly Capability[] = ['probabilities', 'seeded', 'grammar'];
  if (model.babble !== undefined) {
    const told = fields(model.babble)['capabilities'];
    return Array.isArray(told) ? all.filter((capability) => told.includes(capability)) : [];
  }
  return model.meta !== undefined || model.max_model_len !== undefined ? [...all] : [];
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function count(...values: readonly unknown[]): number {
  const found = values.find((value) => Number.isSafeInteger(value) && (value as number) >= 0);
  return (found as number | undefined) ?? 0;
}
