import { AppError } from '../../errors.ts';

/** How a process ended, with the last lines it wrote. */
export interface ExitFacts {
  readonly engine: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lastLines: readonly string[];
}

const memoryLine = /heap out of memory|std::bad_alloc|cannot allocate memory|failed to allocate/i;
const tellingLine = /error|abort|assert|fault|terminate|exception|fatal/i;

const signalMeaning: Partial<Record<NodeJS.Signals, string>> = {
  SIGSEGV: 'a memory fault in native code',
  SIGBUS: 'a memory fault in native code, or a file cut short while it was mapped',
  SIGABRT: 'native code gave up',
  SIGILL: 'native code needs instructions this processor does not have',
  SIGFPE: 'an arithmetic fault in native code',
  SIGKILL: 'killed from outside; most often the system does this when memory runs out',
  SIGTERM: 'ended from outside',
};

/** Turns an end that nobody asked for into an error a person can use. */
export function describeExit({ engine, code, signal, lastLines }: ExitFacts): AppError {
  const line = lastLines.findLast((text) => tellingLine.test(text)) ?? lastLines.at(-1);
  const said = line === undefined ? '' : ` Its last words: ${line.trim().slice(0, 300)}`;
  const how = signal ? `by ${signal} (${signalMeaning[signal] ?? 'a signal'})` : `with exit code ${code}`;
  const outOfMemory = lastLines.some((text) => memoryLine.test(text));
  return new AppError(
    outOfMemory ? 'ENGINE_OUT_OF_MEMORY' : 'ENGINE_CRASHED',
    `The process of engine "${engine}" ended ${how}.${said}`,
    {
      hint:
        outOfMemory || signal === 'SIGKILL'
          ? 'Use a smaller model or context, or close other programs.'
          : 'The conversation is kept. Ask again; if it keeps happening choose another engine or model.',
    },
  );
}
