/** Answers of engines on their way into a conversation. */
import type { EngineInfo } from '../engines/engine.ts';
import { AppError } from '../errors.ts';
import type { Answer } from './answer.ts';
import type { ConversationRecord } from './conversation-record.ts';
import type { EngineLink } from './engine-link.ts';
import type { LeftOutPart } from './generate-fitting.ts';
import { withDefaults } from './settings.ts';
import { streamTurn, type TurnPart } from './turn.ts';
import type { ChatPart, ChatSettings, StoredMessage } from './types.ts';
import type { TokenWatch } from './watch.ts';

export class AnswerStream {
  /** For the next reader. */
  readonly notices: ChatPart[] = [];
  /** Of the answers of the engine that the conversation is on. */
  watch: TokenWatch | undefined;
  readonly #record: ConversationRecord;
  readonly #current: EngineLink;
  /** Engines and lengths of which it was told that they are not given everything. */
  readonly #toldLeftOut = new Set<string>();
  #hasSwitched = false;

  /** @param current the engine that the conversation is on. */
  constructor(record: ConversationRecord, current: EngineLink) {
    this.#record = record;
    this.#current = current;
  }

  /** The conversation goes on with another engine: what that one is not given is news. */
  noteSwitch(): void {
    this.#hasSwitched = !this.#record.isEmpty;
  }

  /**
   * Streams one answer, kept as it comes. After a crash in mid-answer it ends with a warning.
   * @throws AppError when the engine cannot answer at all.
   */
  async *stream(
    link: EngineLink,
    path: readonly StoredMessage[],
    answer: Answer,
    signal: AbortSignal,
    forThisAnswer: Partial<ChatSettings> = {},
  ): AsyncGenerator<ChatPart, void> {
    const { settings } = this.#record;
    const sampling = { ...settings.sampling, ...forThisAnswer.sampling };
    const changed = { ...settings, ...forThisAnswer, sampling };
    const settingsFor = ({ kind }: EngineInfo) => withDefaults(changed, kind);
    try {
      const own = link === this.#current ? { watch: this.watch, cacheKey: this.#record.cacheKey } : undefined;
      for await (const part of streamTurn(link, { path, settingsFor, ...own }, signal)) {
        yield* this.#take(part, answer, link);
        yield* this.notices.splice(0);
      }
    } catch (error) {
      yield* answer.flush();
      if (!answer.hasBegun) throw AppError.from(error);
      yield { type: 'notice', level: 'warning', text: explainCut(link.engineId, AppError.from(error)) };
    } finally {
      answer.flush();
    }
  }

  #take(part: TurnPart, answer: Answer, link: EngineLink): readonly ChatPart[] {
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
      case 'left-out':
        return this.#isNews(part, link) ? [{ type: 'notice', level: 'info', text: part.text }] : [];
      default:
        return part satisfies never;
    }
  }

  /** Whether to tell what an engine is not given: once, and not of what a continuation never takes. */
  #isNews({ info, cut }: LeftOutPart, link: EngineLink): boolean {
    const key = `${info.id} ${info.modelId} ${cut}`;
    const isOther = this.#hasSwitched || link !== this.#current;
    const hasSystemPrompt = (this.#record.settings.systemPrompt ?? '') !== '';
    if (info.kind !== 'chat' && !isOther && cut === 0 && !hasSystemPrompt) return false;
    if (this.#toldLeftOut.has(key)) return false;
    this.#toldLeftOut.add(key);
    return true;
  }
}

function explainCut(engineId: string, error: AppError): string {
  const restart = error.code === 'ENGINE_CRASHED' ? ' It is started again by itself.' : '';
  const hint = error.hint === undefined ? '' : ` ${error.hint}`;
  return `${engineId} stopped in the middle of its answer. ${error.message}${restart} The conversation and the text so far are kept: go on from these words, or ask for another answer.${hint}`;
}
