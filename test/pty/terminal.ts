/** Drives a program in a real pseudo-terminal and reads its screen as a person would. */
import pty from '@lydell/node-pty';
import xterm from '@xterm/headless';

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether the terminal answers questions by itself; default true. */
  readonly answers?: boolean;
}

/** Longest wait for anything, in milliseconds. */
const patience = 30_000;

/** Names of keys, for `press`. */
export const keys = {
  enter: '\r',
  escape: '\x1b',
  tab: '\t',
  up: '\x1b[A',
  down: '\x1b[B',
  backspace: '\x7f',
  ctrlC: '\x03',
  ctrlD: '\x04',
  ctrlR: '\x12',
  ctrlJ: '\n',
  altEnter: '\x1b\r',
} as const;

export class PtyProgram implements AsyncDisposable {
  /** Every byte that the program sent, as text. */
  output = '';
  /** Resolves with the exit code when the program has ended. */
  readonly exited: Promise<number>;
  readonly #pty: pty.IPty;
  readonly #screen: InstanceType<typeof xterm.Terminal>;
  readonly #listeners = new Set<() => void>();
  #running = true;

  /** Starts `file args…` in a terminal of 80×24 (or as said), with scroll-back for 5,000 lines. */
  constructor(file: string, args: readonly string[], options: TerminalOptions = {}) {
    const { columns = 80, rows = 24, env = {}, cwd, answers = true } = options;
    this.#screen = new xterm.Terminal({ cols: columns, rows, scrollback: 5000, allowProposedApi: true });
    // A terminal answers some questions by itself.
    if (answers) this.#screen.onData((data) => this.#running && this.#pty.write(data));
    const { NO_COLOR: _noColor, CI: _ci, TMUX: _tmux, ...inherited } = process.env;
    this.#pty = pty.spawn(file, [...args], {
      cols: columns,
      rows,
      name: 'xterm-256color',
      // xterm.js moves its cursor in a way of its own when the window changes.
      env: { ...inherited, TERM_PROGRAM: 'vscode', ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#pty.onData((data) => {
      this.output += data;
      this.#screen.write(data, () => this.#notify());
    });
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        this.#running = false;
        this.#screen.write('', () => {
          resolve(exitCode);
          this.#notify();
        });
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Sends text or keys as they are; `\r` is Enter. */
  type(text: string): void {
    this.#pty.write(text);
  }

  /** Sends a line and Enter. */
  enter(line: string): void {
    this.#pty.write(`${line}\r`);
  }

  /** Pastes as a terminal with bracketed paste does. */
  paste(text: string): void {
    this.#pty.write(`\x1b[200~${text.replaceAll('\n', '\r')}\x1b[201~`);
  }

  /** Changes the window's size once all that was sent is on the screen. */
  async resize(columns: number, rows: number): Promise<void> {
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    this.#screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  kill(signal: NodeJS.Signals): void {
    this.#pty.kill(signal);
  }

  /** The rows on the screen now, without trailing blanks. */
  screen(): string[] {
    const { active } = this.#screen.buffer;
    return this.#rows(active.baseY, active.baseY + this.#screen.rows);
  }

  /** All rows from the first, scrolled away ones included; a row that the terminal wrapped is one line with its first. */
  scrollback(): string[] {
    const { active } = this.#screen.buffer;
    const lines: string[] = [];
    for (let y = 0; y < active.length; y++) {
      const row = active.getLine(y)!;
      if (row.isWrapped) lines[lines.length - 1] += row.translateToString(true);
      else lines.push(row.translateToString(true));
    }
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** The row the cursor is on, from the screen's top, and its column. */
  cursor(): { readonly x: number; readonly y: number } {
    const { active } = this.#screen.buffer;
    return { x: active.cursorX, y: active.cursorY };
  }

  /** Waits until a text is on the screen. @throws with the screen when the program ends or nothing comes. */
  async waitFor(text: string | RegExp): Promise<void> {
    await this.waitUntil(() => {
      const shown = this.screen().join('\n');
      return typeof text === 'string' ? shown.includes(text) : text.test(shown);
    }, `${text}`);
  }

  /** Waits until something holds; asked again whenever the screen has changed. */
  async waitUntil(holds: () => boolean, what = 'the condition'): Promise<void> {
    if (holds()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string) =>
      reject(new Error(`Waited for ${what}, but ${why}. Screen:\n${this.screen().join('\n')}`));
    const timer = setTimeout(() => fail(`nothing came in ${patience / 1000} s`), patience);
    const listener = () => {
      if (holds()) resolve();
      else if (!this.#running) fail('the program has ended');
    };
    this.#listeners.add(listener);
    try {
      listener();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(listener);
    }
  }

  /** Ends the program if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) this.#pty.kill('SIGKILL');
    await this.exited;
    this.#screen.dispose();
  }

  #rows(from: number, to: number): string[] {
    const { active } = this.#screen.buffer;
    return Array.from(
      { length: to - from },
      (_, i) => active.getLine(from + i)?.translateToString(true) ?? '',
    );
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
