import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { createSanitiser } from '../chat/sanitise.ts';
import type { StreamPart, TokenProbability, Usage } from '../engines/engine.ts';

export type OutputFormat = 'text' | 'json' | 'jsonl';

interface Sample {
  text: string;
  finished: boolean;
  reason?: string;
  seed?: number;
  usage?: Usage;
  candidates: (readonly TokenProbability[])[];
}

export interface Printer {
  /** True once the reader has closed its end (EPIPE). */
  readonly readerGone: boolean;
  print(part: StreamPart): Promise<void>;
  end(about: { engine: string; model: string }): Promise<void>;
}

/**
 * Writes the answer of `babble run` and nothing else. Samples that an engine streams side by side come out
 * one after the other. Waits for a slow reader; a reader that goes away ends the run quietly.
 * @param onReaderGone called once when the reader closes its end.
 */
export function createPrinter(out: Writable, format: OutputFormat, onReaderGone: () => void): Printer {
  const samples: Sample[] = [];
  let shown = 0; // the sample that is being printed
  let printed = 0; // characters of it that are out
  let readerGone = false;
  out.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (readerGone) return;
    readerGone = true;
    onReaderGone();
  });
  const write = async (text: string) => {
    if (text === '' || readerGone || out.write(text)) return;
    const waiting = new AbortController();
    // an error ends the wait as well; the listener above deals with it
    const either = ['drain', 'close'].map((event) =>
      once(out, event, { signal: waiting.signal }).catch(() => {}),
    );
    await Promise.race(either);
    waiting.abort();
  };
  const sanitisers: ReturnType<typeof createSanitiser>[] = [];

  async function printText(): Promise<void> {
    for (let sample = samples[shown]; sample; sample = samples[shown]) {
      await write(sample.text.slice(printed));
      printed = sample.text.length;
      if (!sample.finished) return;
      if (!sample.text.endsWith('\n')) await write('\n');
      shown += 1;
      printed = 0;
    }
  }

  return {
    get readerGone() {
      return readerGone;
    },
    async print(part) {
      samples[part.sample] ??= { text: '', finished: false, candidates: [] };
      const sample = samples[part.sample]!;
      sanitisers[part.sample] ??= createSanitiser();
      const clean = sanitisers[part.sample]!;
      if (part.type === 'text-delta') {
        sample.text += format === 'text' ? clean.push(part.text) : part.text;
        if (format === 'json' && part.candidates) sample.candidates.push(...part.candidates);
      } else {
        if (format === 'text') sample.text += clean.flush();
        sample.finished = true;
        sample.reason = part.reason;
        sample.usage = part.usage;
        if (part.seed !== undefined) sample.seed = part.seed;
      }
      if (format === 'text') await printText();
      if (format === 'jsonl') await write(`${safeJson(part)}\n`);
    },
    async end(about) {
      if (format !== 'json') return;
      const list = samples.map(({ text, reason, seed, usage, candidates }) => ({
        text,
        reason,
        ...(seed === undefined ? {} : { seed }),
        usage,
        ...(candidates.length === 0 ? {} : { candidates }),
      }));
      await write(`${safeJson({ ...about, samples: list })}\n`);
    },
  };
}

/** JSON that loses nothing and that no terminal interprets: control and format characters are escaped. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
