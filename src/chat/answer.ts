import type { StreamPart } from '../engines/engine.ts';
import type { Recorder } from './recorder.ts';
import { createSanitiser } from './sanitise.ts';
import type { MessageTree } from './tree.ts';
import type { StoredMessage } from './types.ts';

type TextDelta = StreamPart & { type: 'text-delta' };
type Finish = StreamPart & { type: 'finish' };

export interface AnswerOptions {
  readonly tree: MessageTree;
  readonly recorder: Recorder;
  /** What the answer begins with, when it goes on from an earlier one. */
  readonly prefix: string;
  /** Adds the answer's message to the conversation. */
  readonly begin: (content: string) => StoredMessage;
}

/**
 * An answer under way: cleaned, put into the conversation, and recorded as it comes. It becomes a message
 * with its first word, or when it ends without one.
 */
export class Answer {
  readonly #options: AnswerOptions;
  readonly #sanitiser = createSanitiser();
  #message: StoredMessage | undefined;

  constructor(options: AnswerOptions) {
    this.#options = options;
    // What follows may belong to the last character of what was there.
    this.#sanitiser.push(options.prefix);
  }

  get hasBegun(): boolean {
    return this.#message !== undefined;
  }

  /** As it stands; undefined before the first word. */
  get message(): StoredMessage | undefined {
    return this.#message;
  }

  /** The part with its text as it may be shown. */
  add(part: TextDelta): TextDelta {
    const text = this.#sanitiser.push(part.text);
    this.#append(text);
    return { ...part, text };
  }

  /** The text ends here: gives what was held back of it. */
  flush(): readonly TextDelta[] {
    const text = this.#sanitiser.flush();
    this.#append(text);
    return text === '' ? [] : [{ type: 'text-delta', sample: 0, text, tokenIds: [] }];
  }

  finish({ reason, usage, seed }: Finish): void {
    const message = this.#begun();
    const ending = { reason, usage, ...(seed === undefined ? {} : { seed }) };
    this.#set({ ...message, ...ending });
    this.#options.recorder.write((store) => store.finishMessage(message.id, ending));
  }

  #append(text: string): void {
    if (text === '') return;
    const message = this.#begun();
    this.#set({ ...message, content: message.content + text });
    this.#options.recorder.appendText(message.id, text);
  }

  #begun(): StoredMessage {
    this.#message ??= this.#options.begin(this.#options.prefix);
    return this.#message;
  }

  #set(message: StoredMessage): void {
    this.#message = message;
    this.#options.tree.set(message);
  }
}
