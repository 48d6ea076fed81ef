const reply = /\x1b_G[^\x1b\x07]*(?:\x1b\\|\x07)|\x1b\[\?[\d;]*c|\x1b\[6;\d+;\d+t/g;
const lastReply = /\x1b\[\?[\d;]*c/;
const unfinished = /\x1b(?:_(?:G[^\x1b\x07]*\x1b?)?|\[[?\d;]*)?$/;

/** Takes a terminal's answers out of what comes from the keyboard. */
export class ReplyReader {
  /** What has been answered so far. */
  answers = '';
  #held = '';
  #isWaiting = true;
  readonly #onLast: () => void;

  /** @param onLast called with the primary device attributes, the answer to the last question. */
  constructor(onLast: () => void) {
    this.#onLast = onLast;
  }

  /** Gives what is left for the keys. An answer that is cut between two reads is held until it is whole. */
  take(input: string): string {
    const text = this.#held + input;
    this.#held = '';
    let keys = text.replace(reply, (found) => {
      this.answers += found;
      return '';
    });
    if (!this.#isWaiting) return keys;
    if (lastReply.test(this.answers)) {
      this.#isWaiting = false;
      this.#onLast();
      return keys;
    }
    const cut = unfinished.exec(keys);
    if (cut) {
      this.#held = cut[0];
      keys = keys.slice(0, cut.index);
    }
    return keys;
  }

  /** Nothing more is expected; what comes late is taken out all the same. Gives what was held. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    this.#isWaiting = false;
    return held;
  }
}
