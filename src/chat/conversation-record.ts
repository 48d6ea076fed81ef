/** A conversation as it is kept: its messages with all their branches in memory, and each change in the store. */
import { randomUUID } from 'node:crypto';
import { AppError } from '../errors.ts';
import { Answer } from './answer.ts';
import { Recorder } from './recorder.ts';
import { sanitiseLine } from './sanitise.ts';
import type { Store } from './store/store.ts';
import { titleOf } from './title.ts';
import { MessageTree } from './tree.ts';
import type { ChatSettings, Conversation, ConversationSummary, StoredMessage } from './types.ts';

/** The engine that is on at the moment; asked whenever it matters. */
interface CurrentEngine {
  readonly engineId: string;
  readonly modelId: string;
}

export interface RecordOptions {
  readonly store: Store;
  readonly engine: CurrentEngine;
  /** False for a new conversation, which is stored with the first thing that belongs to it. */
  readonly isStored: boolean;
  /** Told when the disk is in the way, and when it works again. */
  readonly onTrouble: (text: string) => void;
}

export class ConversationRecord {
  /** Under which an engine may keep what it computed of the conversation; not where nothing is kept. */
  readonly cacheKey: string | undefined;
  readonly #id: string;
  readonly #origin: string;
  readonly #createdAt: string;
  readonly #engine: CurrentEngine;
  readonly #recorder: Recorder;
  readonly #tree: MessageTree;
  #head: string | null;
  #settings: Partial<ChatSettings>;
  #title: string;
  #updatedAt: string;
  #isStored: boolean;

  constructor(conversation: Conversation, options: RecordOptions) {
    const { id, title, createdAt, updatedAt } = conversation.summary;
    this.#id = id;
    this.cacheKey = options.store.file === undefined ? undefined : id;
    this.#origin = conversation.origin;
    this.#createdAt = createdAt;
    this.#engine = options.engine;
    this.#recorder = new Recorder(options.store, options.onTrouble);
    this.#tree = new MessageTree(conversation.messages);
    this.#head = conversation.head;
    this.#settings = conversation.settings;
    this.#title = title;
    this.#updatedAt = updatedAt;
    this.#isStored = options.isStored;
  }

  get summary(): ConversationSummary {
    const { engineId, modelId } = this.#engine;
    return {
      id: this.#id,
      title: this.#title || titleOf(this.#tree.all()),
      engineId,
      modelId,
      createdAt: this.#createdAt,
      updatedAt: this.#updatedAt,
      messageCount: this.#tree.size,
    };
  }

  get conversation(): Conversation {
    return {
      summary: this.summary,
      origin: this.#origin,
      settings: this.#settings,
      head: this.#head,
      messages: this.#tree.all(),
    };
  }

  get isEmpty(): boolean {
    return this.#tree.size === 0;
  }

  get head(): string | null {
    return this.#head;
  }

  /** What was changed from the defaults. */
  get settings(): Partial<ChatSettings> {
    return this.#settings;
  }

  /** From the root to a message; default: to the head. */
  path(id: string | null = this.#head): readonly StoredMessage[] {
    return this.#tree.path(id);
  }

  /** @throws AppError USAGE. */
  find(messageId: string): StoredMessage {
    const message = this.#tree.get(messageId);
    if (message) return message;
    throw new AppError('USAGE', `The conversation has no message "${messageId}".`);
  }

  siblings(message: StoredMessage): readonly StoredMessage[] {
    return this.#tree.siblings(message);
  }

  /** Wherever the conversation shown could go another way: each fork's messages, oldest first; what was undone comes last. */
  forks(): readonly (readonly StoredMessage[])[] {
    const groups = this.path().map((message) => this.#tree.siblings(message));
    return [...groups.filter(({ length }) => length > 1), this.#tree.children(this.#head)].filter(
      ({ length }) => length > 0,
    );
  }

  /** Moves to the newest end of the branch that goes through a message. */
  checkout(messageId: string): void {
    this.moveTo(this.#tree.newestEnd(this.find(messageId).id));
  }

  newMessage(role: StoredMessage['role'], content: string, parentId: string | null): StoredMessage {
    return { id: randomUUID(), parentId, role, content, createdAt: new Date().toISOString() };
  }

  /** Adds a message under its parent and makes it the head. */
  add(message: StoredMessage): void {
    this.#store();
    this.#tree.set(message);
    this.#head = message.id;
    this.#updatedAt = message.createdAt;
    this.#recorder.write((store) => store.addMessage(this.#id, message));
  }

  /** An answer of an engine that is about to stream; it becomes a message with its first word. */
  beginAnswer(parentId: string | null, prefix: string, { engineId, modelId }: CurrentEngine): Answer {
    return new Answer({
      tree: this.#tree,
      recorder: this.#recorder,
      prefix,
      begin: (content) => {
        const message: StoredMessage = {
          ...this.newMessage('assistant', content, parentId),
          engineId,
          modelId,
          reason: null,
        };
        this.add(message);
        return message;
      },
    });
  }

  moveTo(head: string | null): void {
    if (head === this.#head) return;
    this.#head = head;
    this.#update({ head });
  }

  changeSettings(settings: Partial<ChatSettings>): void {
    this.#settings = settings;
    this.#update({ settings });
  }

  /** @throws AppError USAGE for a title without a character. */
  rename(title: string): void {
    const clean = sanitiseLine(title);
    if (clean === '') throw new AppError('USAGE', 'A title needs at least one character.');
    this.#title = clean;
    this.#store();
    this.#update({ title: clean });
  }

  /** The engine has changed. */
  noteEngine(): void {
    const { engineId, modelId } = this.#engine;
    this.#update({ engineId, modelId });
  }

  flush(): void {
    this.#recorder.flush();
  }

  close(): void {
    this.#recorder.close();
  }

  #store(): void {
    if (this.#isStored) return;
    this.#isStored = true;
    const { engineId, modelId } = this.#engine;
    const settings = this.#settings;
    this.#recorder.write((store) =>
      store.createConversation({
        id: this.#id,
        origin: this.#origin,
        engineId,
        modelId,
        settings,
        createdAt: this.#createdAt,
      }),
    );
  }

  #update(change: Parameters<Store['updateConversation']>[1]): void {
    if (this.#isStored) this.#recorder.write((store) => store.updateConversation(this.#id, change));
  }
}
