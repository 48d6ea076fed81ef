import type {
  EngineInfo,
  FinishReason,
  InspectReport,
  InspectView,
  LoadSettings,
  Sampling,
  StreamPart,
  Usage,
} from '../engines/engine.ts';
import type { ClientEvent } from '../engines/host/types.ts';
import type { AppError } from '../errors.ts';
import type { TokenWatch } from './watch.ts';

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

/** A conversation with all its branches. */
export interface Conversation {
  readonly summary: ConversationSummary;
  /** Where it takes place; '' is the terminal, a front end's own address otherwise (`discord:<guild>/<channel>`). */
  readonly origin: string;
  /** What was changed from the defaults. */
  readonly settings: Partial<ChatSettings>;
  /** Id of the message that the next one goes under; null when there is none. */
  readonly head: string | null;
  /** Every message of every branch, oldest first. */
  readonly messages: readonly StoredMessage[];
}

/** One hit of a search: the conversation, the message, and the words around the hit. */
export interface SearchHit {
  readonly conversation: ConversationSummary;
  readonly message: StoredMessage;
  /** One line, the hit near its middle. */
  readonly excerpt: string;
}

/** A person's choice between two answers whose engines they did not know. */
export interface Vote {
  readonly first: Required<EngineAddress>;
  readonly second: Required<EngineAddress>;
  readonly winner: 'first' | 'second' | 'tie';
}

/** How one model fared in all votes. */
export interface VoteTally extends Required<EngineAddress> {
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
}

/** What a turn of a chat streams to a front end. Text is already sanitised. */
export type ChatPart =
  | StreamPart
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly text: string }
  | { readonly type: 'engine-event'; readonly event: ClientEvent };

/** An engine with one of its models; without one, the engine's own. */
export interface EngineAddress {
  readonly engineId: string;
  readonly modelId?: string;
}

/** A part of one of the answers that several engines give to the same message. */
export interface ComparePart {
  /** Place of the engine in the list that was asked for. */
  readonly index: number;
  readonly part:
    | ChatPart
    /** Comes last: the answer as it is kept. */
    | { readonly type: 'answer'; readonly message: StoredMessage }
    /** Comes last: the engine said nothing. */
    | { readonly type: 'failed'; readonly error: AppError };
}

/** What holds for one answer only. */
export interface TurnOptions {
  /** Go before the conversation's own; sampling parameters one by one. */
  readonly settings?: Partial<ChatSettings>;
}

export interface ChatSettings {
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  /** '' is no system prompt. */
  readonly systemPrompt: string;
}

/**
 * A conversation with the engine it is on: what the terminal and Discord both drive.
 * Every word is stored as it arrives. One turn at a time: a second one throws USAGE until the first
 * has ended. A turn's stream throws AppError when the engine cannot answer at all; after a crash in
 * mid-answer it ends with a warning instead, and the text so far is kept.
 */
export interface ChatSession extends AsyncDisposable {
  readonly summary: ConversationSummary;
  /** All of it, other branches included. */
  readonly conversation: Conversation;
  /** Path from the root to the head. */
  readonly messages: readonly StoredMessage[];
  readonly settings: ChatSettings;
  readonly engineId: string;
  readonly modelId: string;
  /** What the engine says of itself; undefined before its first load. */
  readonly engineInfo: EngineInfo | undefined;
  /** Adds the person's text (may be '' on completion engines) and streams the answer. */
  send(text: string, signal: AbortSignal, turn?: TurnOptions): AsyncIterable<ChatPart>;
  /** Another answer to the same message, as a sibling of the last one. @throws USAGE when there is nothing to answer. */
  regenerate(signal: AbortSignal): AsyncIterable<ChatPart>;
  /**
   * Goes on from the words of the last answer (after a stop, a crash, a length limit or a switch of
   * engine). The longer answer is a sibling that begins with the old text; only new text is streamed.
   */
  continueAnswer(signal: AbortSignal): AsyncIterable<ChatPart>;
  /**
   * Changes an earlier message on a new branch. A person's message is answered again (streamed); an
   * answer or a system message only gets its new words.
   */
  edit(messageId: string, text: string, signal: AbortSignal): AsyncIterable<ChatPart>;
  /**
   * Asks several engines at once; text undefined asks them the last question again. Each answer is kept as a
   * branch under the question; the conversation itself stays where it was until `checkout` takes one of them.
   * Engines that do not fit in memory together answer one after the other.
   * @throws AppError USAGE, UNKNOWN_ENGINE, UNKNOWN_MODEL before anything is asked.
   */
  compare(
    text: string | undefined,
    engines: readonly EngineAddress[],
    signal: AbortSignal,
  ): AsyncIterable<ComparePart>;
  /** The message and its siblings, oldest first. */
  branches(messageId: string): readonly StoredMessage[];
  /** Every place where the conversation could go another way, from its beginning: the messages there, oldest first. */
  forks(): readonly (readonly StoredMessage[])[];
  /** Moves to the branch that goes through this message, at its newest end. */
  checkout(messageId: string): void;
  /** Steps back before the person's last message and returns its text; the branch stays in the store. */
  undo(): string | undefined;
  /** Keeps the conversation; the next answer comes from the other engine, which is loaded here. */
  switchEngine(
    engineId: string,
    modelId?: string,
    signal?: AbortSignal,
    settings?: LoadSettings,
  ): Promise<void>;
  /** Loads the engine now, for a first answer without the wait. */
  load(signal?: AbortSignal): Promise<EngineInfo>;
  /** How the answers from now on are watched as they are written (not those of `compare`); undefined: not at all. */
  watch(watch: TokenWatch | undefined): void;
  /** Looks into the model. @throws AppError ENGINE_UNSUPPORTED for a view the engine has not. */
  inspect(view: InspectView): Promise<InspectReport>;
  updateSettings(change: Partial<ChatSettings>): void;
  rename(title: string): void;
  /** What happens to the engine, also between turns. Returns the function that unsubscribes. */
  subscribe(listener: (event: ClientEvent) => void): () => void;
}
