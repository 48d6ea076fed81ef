import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { listModels } from '../catalogue/catalogue.ts';
import { type OpenEngine, openEngineProcess } from '../chat/engine-link.ts';
import { keepPreset, listPresets, type Preset } from '../chat/presets.ts';
import { createSession, resumeSession } from '../chat/session.ts';
import type { Store } from '../chat/store/store.ts';
import { importConversation } from '../chat/transcript-import.ts';
import type {
  ChatSession,
  ChatSettings,
  ConversationSummary,
  SearchHit,
  Vote,
  VoteTally,
} from '../chat/types.ts';
import type { FitReport } from '../engines/engine.ts';
import { listEngines } from '../engines/registry.ts';
import { chooseEngine } from './default-engine.ts';
import { rememberPlaces } from './model-places.ts';
import type { EngineChoice, ReplServices } from './services.ts';
import type { EngineKind } from './transcript.ts';

/** Conversations of a terminal have no address. */
const origin = '';

const lastEngineKey = 'repl.engine';
const tourKey = 'repl.tour';

/** Where the engines come from; default: the models on this machine, each engine in a process of its own. */
export interface EngineSource {
  readonly openEngine: OpenEngine;
  readonly listEngines: () => Promise<readonly EngineChoice[]>;
}

/** The models and conversations of this machine. The caller closes the store after the services. */
export class LocalServices implements ReplServices {
  readonly #store: Store;
  readonly #engines: EngineSource;
  readonly #fits = new Map<string, Promise<FitReport | undefined>>();
  #choices: Promise<readonly EngineChoice[]> | undefined;

  constructor(store: Store, engines: Partial<EngineSource> = {}) {
    this.#store = store;
    const openEngine = rememberPlaces(store, engines.openEngine ?? openEngineProcess);
    this.#engines = { listEngines: listChoices, ...engines, openEngine };
  }

  createSession(engineId: string, modelId?: string, settings?: Partial<ChatSettings>): Promise<ChatSession> {
    return createSession({
      store: this.#store,
      openEngine: this.#engines.openEngine,
      engineId,
      origin,
      ...(modelId === undefined ? {} : { modelId }),
      ...(settings === undefined ? {} : { settings }),
    });
  }

  openSession(conversationId: string): Promise<ChatSession> {
    return resumeSession(conversationId, { store: this.#store, openEngine: this.#engines.openEngine });
  }

  conversations(): readonly ConversationSummary[] {
    return this.#store.listConversations({ origin });
  }

  search(words: string): readonly SearchHit[] {
    return this.#store.search(words);
  }

  /** Kept: a menu that opens at every key must not read the disk each time. */
  listEngines(): Promise<readonly EngineChoice[]> {
    this.#choices ??= this.#engines.listEngines();
    return this.#choices;
  }

  forgetEngines(): void {
    this.#choices = undefined;
  }

  /** The engine for a sitting that names none: the last one, else `mlp`, else `bigram-count`, else any. */
  async defaultEngine(): Promise<{ engineId: string; modelId: string } | undefined> {
    const available = (await this.listEngines()).filter(({ problem }) => problem === undefined);
    return chooseEngine({ last: asAddress(this.#store.getSetting(lastEngineKey)), available });
  }

  fitOf(choice: EngineChoice): Promise<FitReport | undefined> {
    const key = `${choice.engineId}/${choice.modelId}`;
    const known = this.#fits.get(key);
    if (known) return known;
    const fit = choice.engineId === 'llama' ? this.#probe(choice) : Promise.resolve(undefined);
    this.#fits.set(key, fit);
    return fit;
  }

  importConversation(text: string): string {
    return importConversation(text, this.#store, origin);
  }

  addVote(vote: Vote): void {
    this.#store.addVote(vote);
  }

  tallyVotes(): readonly VoteTally[] {
    return this.#store.tallyVotes();
  }

  rememberSpeed(engineId: string, modelId: string, tokensPerSecond: number): void {
    this.#store.setSetting(speedKey(engineId, modelId), tokensPerSecond);
  }

  speedOf(engineId: string, modelId: string): number | undefined {
    const speed = this.#store.getSetting(speedKey(engineId, modelId));
    return typeof speed === 'number' ? speed : undefined;
  }

  keepTourStep(step: number | undefined): void {
    this.#store.setSetting(tourKey, step);
  }

  tourStep(): number | undefined {
    const step = this.#store.getSetting(tourKey);
    return typeof step === 'number' && Number.isInteger(step) && step >= 0 ? step : undefined;
  }

  presets(): ReadonlyMap<string, Preset> {
    return listPresets(this.#store);
  }

  keepPreset(name: string, preset: Preset | undefined): void {
    keepPreset(this.#store, name, preset);
  }

  rememberEngine(engineId: string, modelId: string, kind: EngineKind): void {
    this.#store.setSetting(lastEngineKey, { engineId, modelId });
    this.#store.setSetting(kindKey(engineId, modelId), kind);
  }

  kindOf(engineId: string, modelId: string): EngineKind | undefined {
    const kind = this.#store.getSetting(kindKey(engineId, modelId));
    return kind === 'chat' || kind === 'completion' ? kind : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#fits.values());
  }

  /** In the engine's own process; a model that cannot be read says so when it is loaded. */
  async #probe({ engineId, modelId }: EngineChoice): Promise<FitReport | undefined> {
    try {
      await using client = await this.#engines.openEngine(engineId, modelId);
      return await client.probe();
    } catch {
      return undefined;
    }
  }
}

async function listChoices(): Promise<readonly EngineChoice[]> {
  const models = await listModels();
  const sizes = await Promise.all(models.map((model) => weightBytes(model.path)));
  const local = models.map(({ engine, id, description, parameterCount, error }, index) => ({
    engineId: engine,
    modelId: id,
    description,
    bytes: sizes[index]!,
    ...(parameterCount > 0 ? { parameterCount } : {}),
    ...(error ? { problem: error.message } : {}),
  }));
  const named = listEngines().flatMap(({ id, namedModels, defaultModel, description }) =>
    namedModels && defaultModel !== undefined ? [{ engineId: id, modelId: defaultModel, description }] : [],
  );
  return [...local, ...named];
}

/** What the weights in a model's folder take; 0 for one that cannot be read. */
async function weightBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const weights = names.filter((name) => /[.](safetensors|gguf)$/.test(name));
  const sizes = await Promise.all(
    weights.map((name) =>
      stat(path.join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function speedKey(engineId: string, modelId: string): string {
  return `repl.speed.${engineId}/${modelId}`;
}

function kindKey(engineId: string, modelId: string): string {
  return `repl.kind.${engineId}/${modelId}`;
}

function asAddress(value: unknown): { engineId: string; modelId: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { engineId, modelId } = value as Record<string, unknown>;
  return typeof engineId === 'string' && typeof modelId === 'string' ? { engineId, modelId } : undefined;
}
