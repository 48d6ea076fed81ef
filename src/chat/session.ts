/** The conversation with an engine that the front ends drive: see ChatSession in types.ts. */
import { randomUUID } from 'node:crypto';
import type { EngineInfo, InspectReport, InspectView, LoadSettings } from '../engines/engine.ts';
import type { ClientEvent } from '../engines/host/types.ts';
import { AppError } from '../errors.ts';
import { AnswerStream } from './answer-stream.ts';
import { ConversationRecord } from './conversation-record.ts';
import { EngineLink, type OpenEngine, openEngineProcess } from './engine-link.ts';
import { EnginePanel } from './engine-panel.ts';
import { merge } from './merge.ts';
import { sanitise } from './sanitise.ts';
import { parseChatSettings, withDefaults } from './settings.ts';
import type { Store } from './store/store.ts';
import type {
  ChatPart,
  ChatSession,
  ChatSettings,
  ComparePart,
  Conversation,
  ConversationSummary,
  EngineAddress,
  StoredMessage,
  TurnOptions,
} from './types.ts';
import type { TokenWatch } from './watch.ts';

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
  const { engineId, modelId, origin = '', settings = {}, openEngine = openEngineProcess } = options;
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
  return new StoredSession({ summary, origin, settings: checked, head: null, messages: [] }, link, options);
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
  return new StoredSession(conversation, link, options, true);
}

class StoredSession implements ChatSession {
  readonly #link: EngineLink;
  readonly #panel: EnginePanel;
  readonly #record: ConversationRecord;
  readonly #closing = new AbortController();
  readonly #answers: AnswerStream;
  #isAnswering = false;

  constructor(conversation: Conversation, link: EngineLink, options: SessionOptions, isStored = false) {
    this.#link = link;
    this.#panel = new EnginePanel(options.openEngine ?? openEngineProcess, link);
    this.#record = new ConversationRecord(conversation, {
      store: options.store,
      engine: link,
      isStored,
      onTrouble: (text) => this.#answers.notices.push({ type: 'notice', level: 'warning', text }),
    });
    this.#answers = new AnswerStream(this.#record, link);
  }

  get summary(): ConversationSummary {
    return this.#record.summary;
  }

  get conversation(): Conversation {
    return this.#record.conversation;
  }

  get messages(): readonly StoredMessage[] {
    return this.#record.path();
  }

  get settings(): ChatSettings {
    return withDefaults(this.#record.settings, this.engineInfo?.kind);
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

  async *send(text: string, signal: AbortSignal, turn: TurnOptions = {}): AsyncGenerator<ChatPart, void> {
    const settings = parseChatSettings(turn.settings ?? {});
    yield* this.#turn(signal, () => ({ parentId: this.#addQuestion(text), prefix: '' }), settings);
  }

  async *regenerate(signal: AbortSignal): AsyncGenerator<ChatPart, void> {
    yield* this.#turn(signal, () => ({ parentId: this.#lastQuestion().id, prefix: '' }));
  }

  async *continueAnswer(signal: AbortSignal): AsyncGenerator<ChatPart, void> {
    yield* this.#turn(signal, () => {
      const last = this.messages.at(-1);
      if (last?.role !== 'assistant') throw usage('There is no answer to go on from.');
      return { parentId: last.parentId, prefix: last.content };
    });
  }

  async *edit(messageId: string, text: string, signal: AbortSignal): AsyncGenerator<ChatPart, void> {
    const old = this.#record.find(messageId);
    const isQuestion = old.role === 'user';
    const change = () => {
      const { usage: _usage, seed: _seed, ...kept } = old;
      const reason = old.role === 'assistant' ? { reason: 'stop' as const } : {};
      const edited = {
        ...kept,
        ...this.#record.newMessage(old.role, sanitise(text), old.parentId),
        ...reason,
      };
      this.#record.add(edited);
      return { parentId: edited.id, prefix: '' };
    };
    if (isQuestion) yield* this.#turn(signal, change);
    else {
      this.#assertIdle();
      change();
      yield* this.#answers.notices.splice(0);
    }
  }

  async *compare(
    text: string | undefined,
    engines: readonly EngineAddress[],
    signal: AbortSignal,
  ): AsyncGenerator<ComparePart, void> {
    this.#assertIdle();
    if (engines.length === 0) throw usage('A comparison needs engines.');
    if (text === undefined) this.#lastQuestion();
    this.#isAnswering = true;
    const before = this.#record.head;
    try {
      const links = await this.#panel.open(engines);
      const parentId = text === undefined ? this.#lastQuestion().id : this.#addQuestion(text);
      const controller = new AbortController();
      const either = AbortSignal.any([signal, controller.signal, this.#closing.signal]);
      const ask = (index: number) => this.#compareOne(links[index]!, parentId, either);
      const alone: number[] = [];
      for await (const merged of merge(
        links.map((_, index) => ask(index)),
        controller,
      )) {
        const { part, index } = merged;
        const isTooLarge = part.type === 'failed' && part.error.code === 'MODEL_TOO_LARGE';
        if (isTooLarge && links.length > 1) alone.push(index);
        else yield merged;
      }
      for (const index of alone) {
        await this.#panel.releaseAllBut(links[index]!);
        for await (const part of ask(index)) yield { index, part };
      }
    } finally {
      this.#record.moveTo(before);
      this.#record.flush();
      this.#isAnswering = false;
    }
  }

  branches(messageId: string): readonly StoredMessage[] {
    return this.#record.siblings(this.#record.find(messageId));
  }

  forks(): readonly (readonly StoredMessage[])[] {
    return this.#record.forks();
  }

  checkout(messageId: string): void {
    this.#assertIdle();
    this.#record.checkout(messageId);
  }

  undo(): string | undefined {
    this.#assertIdle();
    const question = this.messages.findLast(({ role }) => role === 'user');
    if (question) this.#record.moveTo(question.parentId);
    return question?.content;
  }

  async switchEngine(
    engineId: string,
    modelId?: string,
    signal?: AbortSignal,
    settings?: LoadSettings,
  ): Promise<void> {
    this.#assertIdle();
    this.#isAnswering = true; // no turn may begin on an engine that is on its way out
    try {
      await this.#panel.releaseAllBut(this.#link); // their memory may be needed
      await this.#link.switch(engineId, modelId, signal, settings);
    } finally {
      this.#isAnswering = false;
    }
    this.#answers.noteSwitch();
    this.#record.noteEngine();
  }

  async load(signal?: AbortSignal): Promise<EngineInfo> {
    return (await this.#link.client()).load(signal);
  }

  async inspect(view: InspectView): Promise<InspectReport> {
    return (await this.#link.client()).inspect(view);
  }

  watch(watch: TokenWatch | undefined): void {
    this.#answers.watch = watch;
  }

  updateSettings(change: Partial<ChatSettings>): void {
    this.#record.changeSettings({ ...this.#record.settings, ...parseChatSettings(change) });
  }

  rename(title: string): void {
    this.#record.rename(title);
  }

  subscribe(listener: (event: ClientEvent) => void): () => void {
    return this.#link.subscribe(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('The conversation was closed.', 'AbortError'));
    this.#record.close();
    await this.#panel[Symbol.asyncDispose]();
  }

  /** One turn: `begin` says what is answered; the answer is stored as it comes. */
  async *#turn(
    signal: AbortSignal,
    begin: () => { parentId: string | null; prefix: string },
    settings: Partial<ChatSettings> = {},
  ): AsyncGenerator<ChatPart, void> {
    this.#assertIdle();
    const { parentId, prefix } = begin();
    this.#isAnswering = true;
    const answer = this.#record.beginAnswer(parentId, prefix, this.#link);
    try {
      yield* this.#answers.notices.splice(0);
      const path = [...this.#record.path(parentId)];
      if (prefix !== '') path.push(this.#record.newMessage('assistant', prefix, parentId));
      const either = AbortSignal.any([signal, this.#closing.signal]);
      yield* this.#answers.stream(this.#link, path, answer, either, settings);
    } finally {
      this.#record.flush();
      this.#isAnswering = false;
    }
    yield* this.#answers.notices.splice(0);
  }

  /** The turn of one engine among several. Never throws. */
  async *#compareOne(
    link: EngineLink,
    parentId: string,
    signal: AbortSignal,
  ): AsyncGenerator<ComparePart['part'], void> {
    const answer = this.#record.beginAnswer(parentId, '', link);
    try {
      yield* this.#answers.stream(link, this.#record.path(parentId), answer, signal);
    } catch (error) {
      yield { type: 'failed', error: AppError.from(error) };
      return;
    }
    if (answer.message) yield { type: 'answer', message: answer.message };
  }

  #addQuestion(text: string): string {
    const message = this.#record.newMessage('user', sanitise(text), this.#record.head);
    this.#record.add(message);
    return message.id;
  }

  #lastQuestion(): StoredMessage {
    const question = this.messages.findLast(({ role }) => role === 'user');
    if (question) return question;
    throw usage('There is no message to answer yet.');
  }

  #assertIdle(): void {
    if (this.#isAnswering) throw usage('The conversation is busy: wait for the answer, or stop it, first.');
    this.#closing.signal.throwIfAborted();
  }
}

function usage(message: string): AppError {
  return new AppError('USAGE', message);
}
