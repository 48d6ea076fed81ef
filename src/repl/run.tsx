import { render } from 'ink';
import type { ChatSession } from '../chat/types.ts';
import { toInline } from '../pictures/index.ts';
import type { ImagesSetting, ThemeName } from '../settings/types.ts';
import { App } from './app.tsx';
import { editOutside } from './editor/outside.ts';
import type { History } from './history.ts';
import { Input } from './input.ts';
import { type Configured, Repl } from './repl.ts';
import type { ReplServices } from './services.ts';
import { Terminal, type TerminalStreams } from './terminal/terminal.ts';
import { WordFlow } from './terminal/word-flow.ts';
import { chooseTheme } from './themes.ts';
import { welcomeSpans } from './welcome.ts';

export interface SittingOptions {
  readonly session: ChatSession;
  readonly services: ReplServices;
  readonly history: History;
  readonly streams: TerminalStreams;
  /** One of the first conversations on this machine: say how to begin. */
  readonly isFirst: boolean;
  /** Shows the conversation that is gone on with. */
  readonly resumed?: boolean;
  /** Shows Markdown as it is written, unstyled. */
  readonly raw?: boolean;
  /** Default `auto`. */
  readonly theme?: ThemeName;
  /** Whether windows into the model are drawn as images; default `auto`: where the terminal says it can. */
  readonly images?: ImagesSetting;
  /** What the person set before, for `/show`. */
  readonly configured?: Configured;
  /** Told at the start. */
  readonly warnings?: readonly string[];
  /** Ends the sitting, as a signal to the process does. */
  readonly signal: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
}

/** An image of fewer rows says less than blocks do. */
const fewestImageRows = 8;

/** One sitting at a terminal, until the person leaves. @returns the exit code. */
export async function runSitting(options: SittingOptions): Promise<number> {
  const { session, services, history, streams, isFirst, signal, env = process.env } = options;
  const terminal = new Terminal(streams, env);
  const flow = new WordFlow(() => terminal.size.columns);
  const raw = options.raw ?? false;
  const repl = new Repl(session, {
    services,
    theme: chooseTheme(options.theme ?? 'auto', env),
    raw,
    configured: options.configured,
    columns: () => terminal.size.columns,
    write: (spans) => terminal.write(raw ? spans : flow.push(spans)),
  });
  const left = Promise.withResolvers<void>();
  const input = new Input(repl, history, {
    columns: () => terminal.size.columns,
    async editOutside(text) {
      let changed = text;
      await terminal.suspend(async () => {
        changed = await editOutside(text, env);
      });
      return changed;
    },
    copy: (text) => terminal.copy(text),
    async drawImage(picture) {
      const support = await terminal.imageSupport(options.images ?? 'auto');
      const rows = terminal.imageRows;
      if (!support || rows < fewestImageRows || (support.protocol === 'sixel' && !support.cell)) return false;
      const image = await toInline(picture, { ...support, columns: terminal.size.columns, rows });
      terminal.drawImage(image.bytes, image.rows);
      return true;
    },
    stopProcess: () => terminal.stopProcess(),
    exit: () => left.resolve(),
  });
  signal.addEventListener('abort', () => left.resolve(), { once: true });
  streams.stdout.once('error', () => left.resolve());

  terminal.write(
    welcomeSpans(repl.theme, session.engineId, isFirst ? repl.kind : undefined, terminal.size.columns),
  );
  for (const warning of options.warnings ?? []) repl.warn(warning);
  if (options.resumed) repl.showConversation();
  terminal.onKey((event) => input.handle(event));
  terminal.open();
  const ink = render(<App repl={repl} input={input} sink={terminal.sink} />, {
    // In this mode Ink gives its frames whole and untouched; the painter sends what differs.
    debug: true,
    interactive: true,
    stdout: terminal.sink as unknown as NodeJS.WriteStream,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  void repl.load();
  try {
    await left.promise;
  } finally {
    await input.close();
    // While the screen is still there to say so.
    await repl.trainings.close();
    terminal.close();
    ink.unmount();
    await repl.close();
  }
  return signal.aborted ? 130 : 0;
}
