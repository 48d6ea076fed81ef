import type { ImagesSetting } from '../../settings/types.ts';
import { FrameSink } from './frame-sink.ts';
import { type ImageSupport, imageQuery, imageSupportOf, mayAskForImages } from './images.ts';
import { KeyDecoder, type KeyEvent } from './keys.ts';
import { Painter, type Reflow, type Size } from './painter.ts';
import { ReplyReader } from './replies.ts';
import type { Span } from './tape.ts';

export interface TerminalStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/** Streamed text is drawn at most this often: enough to look smooth, few enough bytes for a slow line. */
const textIntervalMs = 60;
/** An Escape that nothing follows for so long was the key itself. */
const escapeMs = 40;

/** A terminal that has not answered by then will not: over a slow line a picture in blocks is the worse that happens. */
const answerMs = 3000;

const bracketedPaste = { on: '\x1b[?2004h', off: '\x1b[?2004l' };
const kittyKeyboard = { on: '\x1b[>1u', off: '\x1b[<u' };

/** The person's terminal: keys in, transcript and frame out. Owns its modes and gives them back. */
export class Terminal {
  /** Ink draws its frames here. */
  readonly sink: FrameSink;
  readonly #streams: TerminalStreams;
  readonly #painter: Painter;
  readonly #decoder = new KeyDecoder();
  readonly #listeners = new Set<(event: KeyEvent) => void>();
  readonly #modes: { on: string; off: string };
  readonly #env: NodeJS.ProcessEnv;
  #replies: ReplyReader | undefined;
  #imageSupport: Promise<ImageSupport | undefined> | undefined;
  #escapeTimer: NodeJS.Timeout | undefined;
  #textTimer: NodeJS.Timeout | undefined;
  #lastText = 0;
  #flushQueued = false;
  #open = false;

  constructor(streams: TerminalStreams, env: NodeJS.ProcessEnv = process.env) {
    this.#streams = streams;
    this.#env = env;
    const size = sizeOf(streams.stdout);
    this.#painter = new Painter((bytes) => streams.stdout.write(bytes), size, reflowOf(env));
    this.sink = new FrameSink(size, (frame) => {
      this.#painter.setFrame(frame);
      this.#flushSoon();
    });
    const kitty = hasKittyKeyboard(env);
    this.#modes = {
      on: bracketedPaste.on + (kitty ? kittyKeyboard.on : ''),
      off: (kitty ? kittyKeyboard.off : '') + bracketedPaste.off,
    };
  }

  get size(): Size {
    return { columns: this.sink.columns, rows: this.sink.rows };
  }

  /** Takes the terminal over. Idempotent, as is `close`. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    const { stdin, stdout } = this.#streams;
    stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    stdin.on('data', this.#onInput);
    stdin.resume();
    stdout.on('resize', this.#onResize);
    process.once('exit', this.#onExit);
    stdout.write(this.#modes.on);
  }

  /** Takes the frame away and gives the terminal back; the transcript stays. */
  close(): void {
    if (!this.#open) return;
    this.#cancelTimers();
    this.#painter.close();
    this.#release();
  }

  /** Returns the function that unsubscribes. */
  onKey(listener: (event: KeyEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds text to the transcript: it is drawn once, above the frame, and never touched again. */
  write(spans: readonly Span[]): void {
    this.#painter.append(spans);
    if (this.#textTimer) return;
    const wait = this.#lastText + textIntervalMs - performance.now();
    this.#textTimer = setTimeout(() => this.#flush(), Math.max(0, wait));
  }

  /** Puts a text on the clipboard (OSC 52), where the terminal allows that. */
  copy(text: string): void {
    this.#streams.stdout.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
  }

  /**
   * How this terminal shows images, asked once, when it first matters; undefined where it shows none, is behind a
   * multiplexer, or does not answer.
   */
  imageSupport(setting: ImagesSetting): Promise<ImageSupport | undefined> {
    if (setting === 'off') return Promise.resolve(undefined);
    this.#imageSupport ??= this.#askForImages(setting);
    return this.#imageSupport;
  }

  /** Rows that a picture may take, so that it and the frame are on the screen at once. */
  get imageRows(): number {
    return this.size.rows - this.#painter.frameRows - 1;
  }

  /** Draws a picture below the transcript. */
  drawImage(bytes: string, rows: number): void {
    this.#painter.drawImage(bytes, rows);
  }

  /** Gives the terminal to another program while `callback` runs. */
  async suspend(callback: () => Promise<void>): Promise<void> {
    const frame = { lines: [''], cursor: { x: 0, y: 0 } };
    this.#painter.setFrame(frame);
    this.#flush();
    this.#release();
    try {
      await callback();
    } finally {
      this.open();
      this.#onResize();
    }
  }

  /** Stops the whole program as Ctrl+Z does in a shell; comes back when it is continued. */
  stopProcess(): void {
    if (process.platform === 'win32') return;
    void this.suspend(
      () =>
        new Promise<void>((resolve) => {
          // A signal that is waited for does not keep the program running by itself.
          const alive = setInterval(() => {}, 1 << 30);
          process.once('SIGCONT', () => {
            clearInterval(alive);
            resolve();
          });
          process.kill(process.pid, 'SIGTSTP');
        }),
    );
  }

  async #askForImages(setting: Exclude<ImagesSetting, 'off'>): Promise<ImageSupport | undefined> {
    if (setting === 'auto' && !mayAskForImages(this.#env)) return undefined;
    const answered = Promise.withResolvers<void>();
    const replies = new ReplyReader(answered.resolve);
    this.#replies = replies;
    const timer = setTimeout(answered.resolve, answerMs);
    this.#streams.stdout.write(imageQuery);
    await answered.promise;
    clearTimeout(timer);
    this.#decode(replies.end());
    const told = imageSupportOf(replies.answers, this.#env);
    return setting === 'auto' ? told : { ...told, protocol: setting };
  }

  #release(): void {
    this.#open = false;
    const { stdin, stdout } = this.#streams;
    stdin.off('data', this.#onInput);
    stdout.off('resize', this.#onResize);
    process.off('exit', this.#onExit);
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(this.#modes.off);
  }

  readonly #onExit = () => this.close();

  readonly #onInput = (input: string) => this.#decode(this.#replies?.take(input) ?? input);

  #decode(input: string): void {
    if (input === '') return;
    clearTimeout(this.#escapeTimer);
    this.#emit(this.#decoder.push(input));
    if (this.#decoder.isWaiting)
      this.#escapeTimer = setTimeout(() => this.#emit(this.#decoder.flush()), escapeMs);
  }

  readonly #onResize = () => {
    const size = sizeOf(this.#streams.stdout);
    this.#painter.resize(size);
    this.sink.resize(size);
  };

  #emit(events: readonly KeyEvent[]): void {
    for (const event of events) for (const listener of [...this.#listeners]) listener(event);
  }

  // Several commits in one turn of the event loop are one update.
  #flushSoon(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    queueMicrotask(() => {
      this.#flushQueued = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#open) return;
    clearTimeout(this.#textTimer);
    this.#textTimer = undefined;
    this.#lastText = performance.now();
    this.#painter.flush();
  }

  #cancelTimers(): void {
    clearTimeout(this.#escapeTimer);
    clearTimeout(this.#textTimer);
    this.#textTimer = undefined;
  }
}

function sizeOf(stdout: NodeJS.WriteStream): Size {
  return { columns: Math.max(stdout.columns || 80, 4), rows: Math.max(stdout.rows || 24, 2) };
}

function reflowOf(env: NodeJS.ProcessEnv): Reflow {
  if (env['TERM_PROGRAM'] === 'vscode') return 'xterm.js';
  return env['XTERM_VERSION'] || env['TERM'] === 'linux' ? 'none' : 'tracks-cursor';
}

// Shift+Enter reaches us only through this protocol. Others would ignore it, but not all of them silently.
function hasKittyKeyboard(env: NodeJS.ProcessEnv): boolean {
  if (env['TMUX']) return false;
  return (
    /kitty|ghostty|foot|alacritty/.test(env['TERM'] ?? '') ||
    /^(iTerm\.app|WezTerm|ghostty)$/.test(env['TERM_PROGRAM'] ?? '')
  );
}
