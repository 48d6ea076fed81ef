/** The conversation with an engine that the front ends drive: see ChatSession in types.ts. */
import { randomUUID } from 'node:crypto';
import type { EngineInfo, InspectReport, InspectView } from '../engines/engine.ts';
import type { ClientEvent } from '../engines/host/types.ts';
import { AppError } from '../errors.ts';
import { Answer } from './answer.ts';
import { EngineLink, type OpenEngine, openEngineProcess } from './engine-link.ts';
import { Recorder } from './recorder.ts';
import { sanitise, sanitiseLine } from './sanitise.ts';
import { parseChatSettings, withDefaults } from './settings.ts';
import type { Store } from './store/store.ts';
import { titleOf } from './title.ts';
import { MessageTree } from './tree.ts';
import { streamTurn, type TurnPart } from './turn.ts';
import type {
  ChatPart,
  ChatSession,
  ChatSettings,
  Conversation,
  ConversationSummary,
  StoredMessage,
} from './types.ts';

export interface SessionOptions {
  /** The caller closes it after the session. */
  readonly store: Store;
  /** Default: each engine in a process of its own. */
  readonly openEngine?: OpenEngine;
}

export interface NewSessionOptions extends SessionOptions {
  readonly engineId: string;
  /** Default: the engine's own. */
  readonly modelId?: string;
  /** Where it takes place; default '', the terminal. */
  readonly origin?: string;
  readonly settings?: Partial<ChatSettings>;
}

/**
 * A new conversation; it is in the store from its first message on.
 * @throws AppError UNKNOWN_ENGINE, UNKNOWN_MODEL, INVALID_SETTING.
 */
export async function createSession(options: NewSessionOptions): Promise<ChatSession> {
  const { engineId, modelId, origin = '', settings = {}, store, openEngine = openEngineProcess } = options;
  const checked = parseChatSettings(settings);
  const link = new EngineLink(openEngine, engineId, modelId);
  await link.client();
  const createdAt = new Date().toISOString();
  const summary: ConversationSummary = {
    id: randomUUID(),
    title: '',
    engineId,
    modelId: link.modelId,
    createdAt,
    updatedAt: createdAt,
    messageCount: 0,
  };
  return new StoredSession({ summary, origin, settings: checked, head: null, messages: [] }, link, store);
}

/**
 * Takes up a conversation of the store, named by id, beginning of an id, or title. Its engine is opened when
 * it is first needed, so that one whose model has gone can still be read, and go on with another engine.
 * @throws AppError CONVERSATION_NOT_FOUND.
 */
export async function resumeSession(name: string, options: SessionOptions): Promise<ChatSession> {
  const conversation = options.store.loadConversation(name);
  const { engineId, modelId } = conversation.summary;
  const link = new EngineLink(options.openEngine ?? openEngineProcess, engineId, modelId);
  return new StoredSession(conversation, link, options.store, true);
}

class StoredSession implements ChatSession {
  readonly #conversation: Conversation;
  readonly #link: EngineLink;
  readonly #recorder: Recorder;
  readonly #tree: MessageTree;
  readonly #closing = new AbortController();
  #head: string | null;
  #changed: Partial<ChatSettings>;
  #title: string;
  #updatedAt: string;
  #isStored: boolean;
  #isAnswering = false;
  #hasSwitched = false;
  /** Engines and lengths of which it was told that they are not given everything. */
  readonly #toldLeftOut = new Set<string>();
  /** Notices for the next reader. */
  readonly #notices: ChatPart[] = [];

  constructor(conversation: Conversation, link: EngineLink, store: Store, isStored = false) {
    this.#conversation = conversation;
    this.#link = link;
    this.#tree = new MessageTree(conversation.messages);
    this.#head = conversation.head;
    this.#changed = conversation.settings;
    this.#title = conversation.summary.title;
    this.#updatedAt = conversation.summary.updatedAt;
    this.#isStored = isStored;
    this.#recorder = new Recorder(store, (text) => this.#notices.push(notice('warning', text)));
  }

  get summary(): ConversationSummary {
    const { id, createdAt } = this.#conversation.summary;
    return {
      id,
      title: this.#title || titleOf(this.#tree.all()),
      engineId: this.engineId,
      modelId: this.modelId,
      createdAt,
      updatedAt: this.#updatedAt,
      messageCount: this.#tree.size,
    };
  }

  get messages(): readonly StoredMessage[] {
    return this.#tree.path(this.#head);
  }

  get settings(): ChatSettings {
    return withDefaults(this.#changed, this.engineInfo?.kind);
  }

  get engineId(): string {
    return this.#link.engineId;
  }

  get modelId(): string {
    return this.#link.modelId;
  }

  get engineInfo(): EngineInfo | undefined {
    return this.#link.info;
  }

  async *send(text: string, signal: AbortSignal): AsyncGenerator<ChatPart, void> {
    yield* this.#turn(signal, () => {
      const message = this.#newMessage('user', sanitise(text), this.#head);
      this.#add(message);
      return { parentId: message.id, prefix: '' };
    });
  }

  async *regenerate(signal: AbortSignal): AsyncGenerator<ChatPart, void> {
    yield* this.#turn(signal, () => {
      const question = this.messages.findLast(({ role }) => role === 'user');
      if (!question) throw usage('There is no message to answer yet.');
      return { parentId: question.id, prefix: '' };
    });
  }

  async *continueAnswer(signal: AbortSignal): AsyncGenerator<ChatPart, void> {
    yield* this.#turn(signal, () => {
      const last = this.messages.at(-1);
      if (last?.role !== 'assistant') throw usage('There is no answer to go on from.');
      return { parentId: last.parentId, prefix: last.content };
    });
  }

  async *edit(messageId: string, text: string, signal: AbortSignal): AsyncGenerator<ChatPart, void> {
    const old = this.#find(messageId);
    const isQuestion = old.role === 'user';
    const change = () => {
      const { usage: _usage, seed: _seed, ...kept } = old;
      const reason = old.role === 'assistant' ? { reason: 'stop' as const } : {};
      const edited = { ...kept, ...this.#newMessage(old.role, sanitise(text), old.parentId), ...reason };
      this.#add(edited);
      return { parentId: edited.id, prefix: '' };
    };
    if (isQuestion) yield* this.#turn(signal, change);
    else {
      this.#assertIdle();
      change();
      yield* this.#notices.splice(0);
    }
  }

  branches(messageId: string): readonly StoredMessage[] {
    return this.#tree.siblings(this.#find(messageId));
  }

  checkout(messageId: string): void {
    this.#assertIdle();
    this.#moveTo(this.#tree.newestEnd(this.#find(messageId).id));
  }

  undo(): string | undefined {
    this.#assertIdle();
    const question = this.messages.findLast(({ role }) => role === 'user');
    if (question) this.#moveTo(question.parentId);
    return question?.content;
  }

  async switchEngine(engineId: string, modelId?: string, signal?: AbortSignal): Promise<void> {
    this.#assertIdle();
    this.#isAnswering = true; // no turn may begin on an engine that is on its way out
    try {
      await this.#link.switch(engineId, modelId, signal);
    } finally {
      this.#isAnswering = false;
    }
    this.#hasSwitched = this.#tree.size > 0;
    this.#update({ engineId: this.engineId, modelId: this.modelId });
  }

  async load(signal?: AbortSignal): Promise<EngineInfo> {
    return (await this.#link.client()).load(signal);
  }

  async inspect(view: InspectView): Promise<InspectReport> {
    return (await this.#link.client()).inspect(view);
  }

  updateSettings(change: Partial<ChatSettings>): void {
    this.#changed = { ...this.#changed, ...parseChatSettings(change) };
    this.#update({ settings: this.#changed });
  }

  rename(title: string): void {
    this.#title = sanitiseLine(title);
    if (this.#title === '') throw usage('A title needs at least one character.');
    this.#store();
    this.#update({ title: this.#title });
  }

  subscribe(listener: (event: ClientEvent) => void): () => void {
    return this.#link.subscribe(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('The conversation was closed.', 'AbortError'));
    this.#recorder.close();
    await this.#link[Symbol.asyncDispose]();
  }

  /** One turn: `begin` says what is answered; the answer is stored as it comes. */
  async *#turn(
    signal: AbortSignal,
    begin: () => { parentId: string | null; prefix: string },
  ): AsyncGenerator<ChatPart, void> {
    this.#assertIdle();
    const { parentId, prefix } = begin();
    this.#isAnswering = true;
    const answer = new Answer({
      tree: this.#tree,
      recorder: this.#recorder,
      prefix,
      begin: (content) => this.#beginAnswer(parentId, content),
    });
    try {
      yield* this.#notices.splice(0);
      const path = [...this.#tree.path(parentId)];
      if (prefix !== '') path.push(this.#newMessage('assistant', prefix, parentId));
      const parts = streamTurn(
        this.#link,
        { path, settings: this.settings },
        AbortSignal.any([signal, this.#closing.signal]),
      );
      for await (const part of parts) {
        yield* this.#take(part, answer);
        yield* this.#notices.splice(0);
      }
    } catch (error) {
      yield* answer.flush();
      if (!answer.hasBegun) throw AppError.from(error);
      yield notice('warning', this.#explain(AppError.from(error)));
    } finally {
      answer.flush();
      this.#recorder.flush();
      this.#isAnswering = false;
    }
    yield* this.#notices.splice(0);
  }

  #take(part: TurnPart, answer: Answer): readonly ChatPart[] {
    switch (part.type) {
      case 'text-delta':
        return [answer.add(part)];
      case 'finish': {
        const rest = answer.flush();
        // Stopped before the engine began: there is no answer to keep.
        if (part.reason !== 'abort' || answer.hasBegun) answer.finish(part);
        return [...rest, part];
      }
      case 'engine-event':
        return [part];
      case 'left-out': {
        const { kind, id, modelId } = part.info;
        const key = `${id} ${modelId} ${part.cut}`;
        const isNews =
          kind === 'chat' || this.#hasSwitched || part.cut > 0 || this.settings.systemPrompt !== '';
        if (!isNews || this.#toldLeftOut.has(key)) return [];
        this.#toldLeftOut.add(key);
        return [notice('info', part.text)];
      }
      default:
        return part satisfies never;
    }
  }

  #beginAnswer(parentId: string | null, content: string): StoredMessage {
    const message: StoredMessage = {
      ...this.#newMessage('assistant', content, parentId),
      engineId: this.engineId,
      modelId: this.modelId,
      reason: null,
    };
    this.#add(message);
    return message;
  }

  #explain(error: AppError): string {
    const restart = error.code === 'ENGINE_CRASHED' ? ' It is started again by itself.' : '';
    const hint = error.hint === undefined ? '' : ` ${error.hint}`;
    return `${this.engineId} stopped in the middle of its answer. ${error.message}${restart} The conversation and the text so far are kept: go on from these words, or ask for another answer.${hint}`;
  }

  #newMessage(role: StoredMessage['role'], content: string, parentId: string | null): StoredMessage {
    return { id: randomUUID(), parentId, role, content, createdAt: new Date().toISOString() };
  }

  #add(message: StoredMessage): void {
    this.#store();
    this.#tree.set(message);
    this.#head = message.id;
    this.#updatedAt = message.createdAt;
    const { id } = this.#conversation.summary;
    this.#recorder.write((store) => store.addMessage(id, message));
  }

  #moveTo(head: string | null): void {
    this.#head = head;
    this.#update({ head });
  }

  /** Puts the conversation itself into the store, before the first thing that belongs to it. */
  #store(): void {
    if (this.#isStored) return;
    this.#isStored = true;
    const { summary, origin } = this.#conversation;
    const settings = this.#changed;
    const { id, createdAt } = summary;
    const { engineId, modelId } = this;
    this.#recorder.write((store) =>
      store.createConversation({ id, origin, engineId, modelId, settings, createdAt }),
    );
  }

  #update(change: Parameters<Store['updateConversation']>[1]): void {
    if (!this.#isStored) return;
    const { id } = this.#conversation.summary;
    this.#recorder.write((store) => store.updateConversation(id, change));
  }

  #find(messageId: string): StoredMessage {
    const message = this.#tree.get(messageId);
    if (!message) throw usage(`The conversation has no message "${messageId}".`);
    return message;
  }

  #assertIdle(): void {
    if (this.#isAnswering) throw usage('The conversation is busy: wait for the answer, or stop it, first.');
    this.#closing.signal.throwIfAborted();
  }
}

function notice(level: 'info' | 'warning', text: string): ChatPart {
  return { type: 'notice', level, text };
}

function usage(message: string): AppError {
  return new AppError('USAGE', message);
}
