import { createInterface } from 'node:readline';
import type { ChatSession } from '../chat/types.ts';
import type { Screen } from './commands/command.ts';
import { submission } from './editor/submit.ts';
import { Repl } from './repl.ts';
import type { ReplServices } from './services.ts';
import { Submissions } from './submissions.ts';
import { plainTheme } from './theme.ts';

export interface PlainStreams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/**
 * The chat without a terminal: each line of standard input is a message or a command, answers go to
 * standard output, everything else to standard error.
 * @returns 0, or 1 when something failed, or 130 when interrupted.
 */
export async function runPlain(
  session: ChatSession,
  services: ReplServices,
  streams: PlainStreams,
  signal: AbortSignal,
): Promise<number> {
  const { stdin, stdout, stderr } = streams;
  const repl = new Repl(session, {
    services,
    theme: plainTheme,
    raw: true,
    write: (spans) => stderr.write(spans.map(({ text }) => text).join('')),
    writeQuestion: () => {},
    writeAnswer: (spans) => stdout.write(spans.map(({ text }) => text).join('')),
  });
  let hasLeft = false;
  const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const screen: Screen = {
    columns: 80,
    hasPanel: false,
    isTyping: false,
    drawImage: async () => false,
    choose: async (menu) => {
      repl.notice(menu.items.map(({ label, detail = '' }) => `${label}  ${detail}`).join('\n'));
      return undefined;
    },
    revise: async () => undefined,
    edit: (text) => repl.notice(text),
    copy: () => false,
    exit: () => {
      hasLeft = true;
      lines.close();
    },
  };
  const submissions = new Submissions(repl, screen);
  const stop = () => {
    repl.stop();
    lines.close();
  };
  signal.addEventListener('abort', stop, { once: true });
  // A reader that has gone away has seen enough.
  stdout.once('error', stop);
  try {
    let text = '';
    for await (const line of lines) {
      text += line;
      const next = submission(text, text.length);
      if (next.type === 'continue') {
        text = `${text.slice(0, text.length - next.remove)}\n`;
        continue;
      }
      text = '';
      submissions.submit(next.text);
      await submissions.idle();
      // Lines that were read already would still come.
      if (hasLeft || signal.aborted) break;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await repl.close();
  }
  return signal.aborted ? 130 : repl.hadError ? 1 : 0;
}
