import { attachFiles, mayAttach } from '../chat/attachments.ts';
import type { Screen } from './commands/command.ts';
import { isCommand, runCommand, stopsAnswer } from './commands/index.ts';
import type { Repl } from './repl.ts';

interface Submission {
  readonly text: string;
  /** It stopped an answer, which goes on with the new engine when the engine changes. */
  readonly interrupted: boolean;
}

/**
 * What the person sent, one after the other: a message or command typed while an answer streams waits for
 * its end. `/engine` stops the answer, switches, and goes on from its words.
 */
export class Submissions {
  readonly #repl: Repl;
  readonly #screen: Screen;
  #queue: Submission[] = [];
  #running: Promise<void> | undefined;

  constructor(repl: Repl, screen: Screen) {
    this.#repl = repl;
    this.#screen = screen;
  }

  submit(text: string): void {
    const interrupted = this.#repl.isGenerating && stopsAnswer(text);
    if (interrupted) {
      this.#queue.unshift({ text, interrupted });
      this.#repl.stop();
    } else this.#queue.push({ text, interrupted });
    this.#running ??= this.#work();
    this.#show();
  }

  /** Forgets what waits, and gives it back. */
  takeQueued(): string[] {
    const queued = this.#queue.map(({ text }) => text);
    this.#queue = [];
    this.#show();
    return queued;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #work(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      this.#show();
      await this.#perform(next);
    }
    this.#running = undefined;
  }

  async #perform({ text, interrupted }: Submission): Promise<void> {
    if (!isCommand(text)) return this.#send(text);
    const { engineId, modelId } = this.#repl.session;
    this.#repl.echo(text);
    try {
      await runCommand(text, this.#repl, this.#screen);
    } catch (error) {
      this.#repl.fail(error);
      return;
    }
    const { session } = this.#repl;
    if (interrupted && (session.engineId !== engineId || session.modelId !== modelId))
      await this.#repl.continueAnswer();
  }

  /** A message, with the files that it names. One that cannot be sent comes back, to be mended. */
  async #send(text: string): Promise<void> {
    if (!mayAttach(text)) return this.#repl.send(text);
    try {
      const isPlain = this.#repl.kind === 'completion';
      const { text: whole, notices } = await attachFiles(text, { isPlain });
      for (const notice of notices) this.#repl.notice(notice);
      await this.#repl.send(whole);
    } catch (error) {
      this.#repl.fail(error);
      this.#screen.edit(text);
    }
  }

  #show(): void {
    this.#repl.status.dispatch({ type: 'queue', queued: this.#queue.map(({ text }) => text) });
  }
}
