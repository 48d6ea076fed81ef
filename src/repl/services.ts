import type { Preset } from '../chat/presets.ts';
import type { ChatSession, ConversationSummary, SearchHit, Vote, VoteTally } from '../chat/types.ts';
import type { FitReport } from '../engines/engine.ts';
import type { EngineKind } from './transcript.ts';

/** An engine with one of its models, as a menu lists it. */
export interface EngineChoice {
  readonly engineId: string;
  readonly modelId: string;
  readonly description: string;
  /** Absent where only loading would tell. */
  readonly parameterCount?: number;
  /** Size on disk; absent for models that are not on this machine. */
  readonly bytes?: number;
  /** Why it cannot be chosen. */
  readonly problem?: string;
}

/** What the terminal needs from the rooms below it. */
export interface ReplServices extends AsyncDisposable {
  /** A new conversation. @throws AppError UNKNOWN_ENGINE, UNKNOWN_MODEL. */
  createSession(engineId: string, modelId?: string): Promise<ChatSession>;
  /** An earlier conversation. @throws AppError CONVERSATION_NOT_FOUND. */
  openSession(conversationId: string): Promise<ChatSession>;
  /** Conversations held in a terminal, newest first. */
  conversations(): readonly ConversationSummary[];
  /** Messages of every conversation that hold all words, newest first. */
  search(words: string): readonly SearchHit[];
  listEngines(): Promise<readonly EngineChoice[]>;
  /** Models may have come or gone: `listEngines` looks again. */
  forgetEngines(): void;
  /** Whether a large model (GGUF) fits in memory; undefined for the others, which are small. */
  fitOf(choice: EngineChoice): Promise<FitReport | undefined>;
  /** Puts an exported conversation (JSON or Markdown) into the store. @returns its id. @throws AppError FILE_INVALID. */
  importConversation(text: string): string;
  addVote(vote: Vote): void;
  /** How each model fared in the votes of /ab, best first. */
  tallyVotes(): readonly VoteTally[];
  /** Keeps how fast a model wrote. */
  rememberSpeed(engineId: string, modelId: string, tokensPerSecond: number): void;
  /** Tokens a second of its last answer; undefined when it never wrote one. */
  speedOf(engineId: string, modelId: string): number | undefined;
  /** Keeps the step (from 0) at which `/tour` goes on; undefined forgets it. */
  keepTourStep(step: number | undefined): void;
  tourStep(): number | undefined;
  /** Presets by name. */
  presets(): ReadonlyMap<string, Preset>;
  /** Keeps a preset under a name; undefined forgets it. @throws AppError USAGE for what is no name. */
  keepPreset(name: string, preset: Preset | undefined): void;
  /** Remembers the engine for the next start, and of what kind it is. */
  rememberEngine(engineId: string, modelId: string, kind: EngineKind): void;
  /** What a model was when it was last loaded; undefined when it never was. */
  kindOf(engineId: string, modelId: string): EngineKind | undefined;
}
