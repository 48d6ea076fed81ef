import { listModels } from '../catalogue/catalogue.ts';
import { type OpenEngine, openEngineProcess } from '../chat/engine-link.ts';
import { createSession, resumeSession } from '../chat/session.ts';
import type { Store } from '../chat/store/store.ts';
import type { ChatSession, ChatSettings, ConversationSummary, SearchHit } from '../chat/types.ts';
import { listEngines } from '../engines/registry.ts';
import { chooseEngine } from './default-engine.ts';
import type { EngineChoice, ReplServices } from './services.ts';
import type { EngineKind } from './transcript.ts';

/** Conversations of a terminal have no address. */
const origin = '';

const lastEngineKey = 'repl.engine';

/** Where the engines come from; default: the models on this machine, each engine in a process of its own. */
export interface EngineSource {
  readonly openEngine: OpenEngine;
  readonly listEngines: () => Promise<readonly EngineChoice[]>;
}

/** The models and conversations of this machine. The caller closes the store after the services. */
export class LocalServices implements ReplServices {
  readonly #store: Store;
  readonly #engines: EngineSource;
  #choices: Promise<readonly EngineChoice[]> | undefined;

  constructor(store: Store, engines: Partial<EngineSource> = {}) {
    this.#store = store;
    this.#engines = { openEngine: openEngineProcess, listEngines: listChoices, ...engines };
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

  /** Read once a sitting: a menu that opens at every key must not read the disk each time. */
  listEngines(): Promise<readonly EngineChoice[]> {
    this.#choices ??= this.#engines.listEngines();
    return this.#choices;
  }

  /** The engine for a sitting that names none: the last one, else `mlp`, else `bigram-count`, else any. */
  async defaultEngine(): Promise<{ engineId: string; modelId: string } | undefined> {
    const available = (await this.listEngines()).filter(({ problem }) => problem === undefined);
    return chooseEngine({ last: asAddress(this.#store.getSetting(lastEngineKey)), available });
  }

  rememberEngine(engineId: string, modelId: string, kind: EngineKind): void {
    this.#store.setSetting(lastEngineKey, { engineId, modelId });
    this.#store.setSetting(kindKey(engineId, modelId), kind);
  }

  kindOf(engineId: string, modelId: string): EngineKind | undefined {
    const kind = this.#store.getSetting(kindKey(engineId, modelId));
    return kind === 'chat' || kind === 'completion' ? kind : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function listChoices(): Promise<readonly EngineChoice[]> {
  const models = await listModels();
  const local = models.map(({ engine, id, description, parameterCount, error }) => ({
    engineId: engine,
    modelId: id,
    description,
    ...(parameterCount > 0 ? { parameterCount } : {}),
    ...(error ? { problem: error.message } : {}),
  }));
  const named = listEngines().flatMap(({ id, namedModels, defaultModel, description }) =>
    namedModels && defaultModel !== undefined ? [{ engineId: id, modelId: defaultModel, description }] : [],
  );
  return [...local, ...named];
}

function kindKey(engineId: string, modelId: string): string {
  return `repl.kind.${engineId}/${modelId}`;
}

function asAddress(value: unknown): { engineId: string; modelId: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { engineId, modelId } = value as Record<string, unknown>;
  return typeof engineId === 'string' && typeof modelId === 'string' ? { engineId, modelId } : undefined;
}
