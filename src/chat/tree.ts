import type { StoredMessage } from './types.ts';

/** The messages of a conversation with all their branches, in memory. Ids are unique; parents come before children. */
export class MessageTree {
  readonly #messages = new Map<string, StoredMessage>();

  constructor(messages: readonly StoredMessage[] = []) {
    for (const message of messages) this.set(message);
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Oldest first. */
  all(): readonly StoredMessage[] {
    return [...this.#messages.values()];
  }

  get(id: string): StoredMessage | undefined {
    return this.#messages.get(id);
  }

  /** Adds a message, or a later state of it. */
  set(message: StoredMessage): void {
    this.#messages.set(message.id, message);
  }

  /** From the root to this message. */
  path(id: string | null): readonly StoredMessage[] {
    const path: StoredMessage[] = [];
    let message = id === null ? undefined : this.#messages.get(id);
    while (message) {
      path.push(message);
      message = message.parentId === null ? undefined : this.#messages.get(message.parentId);
    }
    return path.reverse();
  }

  /** All messages under a parent (null: those that begin a branch), oldest first. */
  children(parent: string | null): readonly StoredMessage[] {
    return this.all().filter(({ parentId }) => parentId === parent);
  }

  /** The message and all others under the same parent, oldest first. */
  siblings(message: StoredMessage): readonly StoredMessage[] {
    return this.children(message.parentId);
  }

  /** The end of the newest branch that goes through this message. */
  newestEnd(id: string): string {
    const children = new Map(this.all().map((message) => [message.parentId, message.id])); // the last one stays
    let end = id;
    for (let child = children.get(end); child !== undefined; child = children.get(end)) end = child;
    return end;
  }
}
