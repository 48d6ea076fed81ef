/** The chat for ears: lines of text that are written once, each with the name of its speaker. */
import { createInterface } from 'node:readline';
import type { ChatSession } from '../chat/types.ts';
import type { Menu, Screen } from './commands/command.ts';
import { submission } from './editor/submit.ts';
import { LineReader } from './line-reader.ts';
import { type Configured, Repl } from './repl.ts';
import type { ReplServices } from './services.ts';
import type { Status } from './status/reducer.ts';
import { Submissions } from './submissions.ts';
import type { Span } from './terminal/tape.ts';
import { plainTheme } from './theme.ts';
import { spokenHint } from './welcome.ts';

export interface SpokenOptions {
  readonly session: ChatSession;
  readonly services: ReplServices;
  readonly streams: { readonly stdin: NodeJS.ReadStream; readonly stdout: NodeJS.WriteStream };
  readonly configured?: Configured;
  /** One of the first conversations on this machine: say how to begin. */
  readonly isFirst: boolean;
  /** Says the conversation that is gone on with. */
  readonly resumed?: boolean;
  readonly warnings?: readonly string[];
  /** Ends the sitting, as a signal to the process does; SIGINT is dealt with here. */
  readonly signal: AbortSignal;
}

/**
 * One sitting in which nothing is drawn, moved or taken back: the terminal's own line editing, no spinner, and
 * changes of state told as text. Answers come by sentences, so that a screen reader has whole ones to read.
 * @returns the exit code.
 */
export async function runSpoken(options: SpokenOptions): Promise<number> {
  const { session, services, streams, signal } = options;
  const voice = new Voice((text) => streams.stdout.write(text));
  const repl = new Repl(session, {
    services,
    configured: options.configured,
    theme: plainTheme,
    raw: true,
    isSpoken: true,
    write: (spans) => voice.tell(spans),
    writeQuestion: () => {},
    writeAnswer: (spans) => voice.answer(repl.session.engineId, spans),
  });
  const lines = new LineReader(createInterface({ input: streams.stdin, terminal: false }));
  const screen = new SpokenScreen(voice, lines, streams.stdout);
  const submissions = new Submissions(repl, screen);
  const end = () => {
    repl.stop();
    lines.close();
  };
  const interrupt = interrupter(repl, voice, end);
  signal.addEventListener('abort', end, { once: true });
  streams.stdout.once('error', end);
  process.on('SIGINT', interrupt);
  announce(repl, voice);
  voice.say(`babble with ${session.engineId}. /help lists the commands, /exit leaves.`);
  if (options.isFirst) voice.say(spokenHint(repl.kind));
  for (const warning of options.warnings ?? []) repl.warn(warning);
  if (options.resumed) repl.showConversation();
  try {
    await repl.load();
    for (;;) {
      const text = await readText(lines, voice);
      if (text === undefined) break;
      submissions.submit(text);
      await submissions.idle();
    }
  } finally {
    process.off('SIGINT', interrupt);
    signal.removeEventListener('abort', end);
    await repl.close();
  }
  return signal.aborted ? 130 : 0;
}

/** What the person says next: one line, or several that go on; undefined when they have left. */
async function readText(lines: LineReader, voice: Voice): Promise<string | undefined> {
  if (lines.isClosed) return undefined;
  voice.ask('you: ');
  for (let text = ''; ; ) {
    const line = await lines.next();
    if (line === undefined) return undefined;
    text += line;
    const next = submission(text, text.length);
    if (next.type === 'send') return next.text;
    text = `${text.slice(0, text.length - next.remove)}\n`;
    voice.ask('you, going on: ');
  }
}

/** Ctrl+C stops the answer; at rest it leaves when it comes twice. */
function interrupter(repl: Repl, voice: Voice, leave: () => void): () => void {
  let isLeaving = false;
  return () => {
    if (repl.isGenerating) {
      isLeaving = false;
      repl.stop();
    } else if (isLeaving) leave();
    else {
      isLeaving = true;
      voice.say('\nCtrl+C again leaves.');
      voice.ask('you: ');
    }
  };
}

/** Tells of each change of what the engine is doing, once. */
function announce(repl: Repl, voice: Voice): void {
  let before: Status = repl.status.get();
  repl.status.subscribe(() => {
    const now = repl.status.get();
    const [was, is] = [before.activity.type, now.activity.type];
    before = now;
    if (was === is) return;
    if (is === 'loading') voice.say(`${now.engineId} is loading.`);
    else if (was === 'loading' && repl.session.engineInfo) voice.say(`${now.engineId} is ready.`);
    else if (is === 'generating') voice.say(`${now.engineId} is writing.`);
  });
}

/** Writes whole lines; what is said never stands in the middle of another's. */
class Voice {
  readonly #write: (text: string) => void;
  #isLineStart = true;
  #held = '';
  #isAnswering = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  say(text: string): void {
    this.#put(`${this.#isLineStart ? '' : '\n'}${text}\n`);
  }

  /** A question, whose answer the person types behind it. */
  ask(question: string): void {
    this.#isAnswering = false;
    this.#put(question);
    // What is typed there ends with a line of the terminal's own.
    this.#isLineStart = true;
  }

  /** Whatever is not part of the conversation; signs and columns for the eye become words and pauses. */
  tell(spans: readonly Span[]): void {
    const text = spans
      .map((span) => span.text.replace(/^✗ /, 'error: ').replace(/^! /, 'warning: '))
      .join('')
      .replaceAll(/(?<=\S) {2,}(?=\S)/g, ', ');
    if (text !== '') this.say(text.replace(/\n+$/, ''));
  }

  /** Part of an answer: written as far as its last sentence or line is whole. */
  answer(engineId: string, spans: readonly Span[]): void {
    this.#held += spans.map(({ text }) => text).join('');
    const whole = /^[\s\S]*(?:\n|[.!?…。！？]["'”’)\]]*\s)/.exec(this.#held)?.[0] ?? '';
    if (whole === '') return;
    this.#held = this.#held.slice(whole.length);
    const text = whole.replace(/\n+$/, '\n');
    if (text.trim() === '' && (!this.#isAnswering || this.#isLineStart)) return;
    this.#put(this.#isAnswering ? text : `${engineId}: ${text.trimStart()}`);
    this.#isAnswering = true;
  }

  #put(text: string): void {
    if (text === '') return;
    this.#write(text);
    this.#isLineStart = text.endsWith('\n');
  }
}

class SpokenScreen implements Screen {
  readonly columns = 10_000;
  readonly hasPanel = false;
  readonly isTyping = false;
  readonly #voice: Voice;
  readonly #lines: LineReader;
  readonly #stdout: NodeJS.WriteStream;

  constructor(voice: Voice, lines: LineReader, stdout: NodeJS.WriteStream) {
    this.#voice = voice;
    this.#lines = lines;
    this.#stdout = stdout;
  }

  /** A numbered list; a number, or the beginning of a name, chooses. */
  async choose<Value>({ title, items, selected }: Menu<Value>): Promise<Value | undefined> {
    this.#voice.say(`${title}, ${items.length} to choose from:`);
    for (const [index, { label, detail = '' }] of items.entries()) {
      const now = index === selected ? ', chosen now' : '';
      this.#voice.say(`${index + 1}: ${label}${detail === '' ? '' : `, ${detail}`}${now}`);
    }
    for (;;) {
      this.#voice.ask('A number or a name, or Enter alone to leave: ');
      const answer = (await this.#lines.next())?.trim().toLowerCase() ?? '';
      if (answer === '') return undefined;
      const found = /^\d+$/.test(answer)
        ? items[Number(answer) - 1]
        : items.find(({ label }) => label.toLowerCase().startsWith(answer));
      if (found) return found.value;
      this.#voice.say(`Nothing there is called "${answer}".`);
    }
  }

  async drawImage(): Promise<boolean> {
    return false;
  }

  async revise(text: string, hint: string): Promise<string | undefined> {
    this.#voice.say(`The text is: ${text}\n${hint}`);
    this.#voice.ask('The new text, or Enter alone to leave it: ');
    return (await this.#lines.next()) || undefined;
  }

  /** The terminal's own line cannot be filled: the text is said, to be typed anew. */
  edit(text: string): void {
    this.#voice.say(`The text was: ${text}`);
  }

  copy(text: string): boolean {
    this.#stdout.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
    return true;
  }

  exit(): void {
    this.#lines.close();
  }
}
