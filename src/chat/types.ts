import type { FinishReason, Sampling, StreamPart, Usage } from '../engines/engine.ts';
import type { ClientEvent } from '../engines/host/types.ts';

/**
 * One message of a conversation. Messages form a tree: an edit or a regeneration adds a sibling,
 * nothing is ever overwritten. The path from the root to the conversation's head is what is shown.
 */
export interface StoredMessage {
  readonly id: string;
  readonly parentId: string | null;
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** For assistant messages: who wrote it, and how it ended; `reason` is null while it streams (or after a cut). */
  readonly engineId?: string;
  readonly modelId?: string;
  readonly reason?: FinishReason | null;
  readonly usage?: Usage;
  readonly seed?: number;
}

export interface ConversationSummary {
  readonly id: string;
  /** Name given by `/save`, else the first words of the first message. */
  readonly title: string;
  readonly engineId: string;
  readonly modelId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly messageCount: number;
}

/** What a turn of a chat streams to a front end. Text is already sanitised. */
export type ChatPart =
  | StreamPart
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly text: string }
  | { readonly type: 'engine-event'; readonly event: ClientEvent };

export interface ChatSettings {
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  /** '' is no system prompt. */
  readonly systemPrompt: string;
}

/**
 * A conversation with the engine it is on: what the terminal and Discord both drive.
 * Every word is stored as it arrives.
 */
export interface ChatSession extends AsyncDisposable {
  readonly summary: ConversationSummary;
  /** Path from the root to the head. */
  readonly messages: readonly StoredMessage[];
  readonly settings: ChatSettings;
  readonly engineId: string;
  readonly modelId: string;
  /** Adds the person's text (may be '' on completion engines) and streams the answer. */
  send(text: string, signal: AbortSignal): AsyncIterable<ChatPart>;
  /** Another answer to the same message, as a sibling of the last one. */
  regenerate(signal: AbortSignal): AsyncIterable<ChatPart>;
  /** Keeps the conversation; the next answer comes from the other engine. */
  switchEngine(engineId: string, modelId?: string): Promise<void>;
  updateSettings(change: Partial<ChatSettings>): void;
  rename(title: string): void;
}
