import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors.ts';

export interface RenderJob {
  readonly template: string;
  /** What the template sees: messages, add_generation_prompt, bos_token, eos_token. */
  readonly values: Record<string, unknown>;
  readonly deadlineMs: number;
}

export type RenderAnswer = { readonly text: string } | { readonly error: string };

const heapMegabytes = 96;
const ownEnding = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const childPath = fileURLToPath(new URL(`./template-child${ownEnding}`, import.meta.url));

/**
 * Renders Jinja chat templates in a process of their own, within a deadline and a small heap. The process
 * is started on first use, kept for the next turn, and ended when a template misbehaves.
 */
export class TemplateRenderer implements Disposable {
  readonly #deadlineMs: number;
  #child: ChildProcess | undefined;

  constructor(deadlineMs = 2000) {
    this.#deadlineMs = deadlineMs;
  }

  /** One call at a time. @throws AppError TEMPLATE_FAILED: its own error, too long, or out of memory */
  async render(template: string, values: Record<string, unknown>): Promise<string> {
    const child = this.#start();
    const { promise, resolve } = Promise.withResolvers<RenderAnswer>();
    const onExit = (code: number | null, signal: string | null) =>
      resolve({
        error:
          signal === 'SIGKILL'
            ? `it took longer than ${this.#deadlineMs} ms`
            : `it used more than ${heapMegabytes} MB (process ended with ${signal ?? code})`,
      });
    child.once('message', resolve);
    child.once('exit', onExit);
    child.once('error', (error) => resolve({ error: error.message }));
    // The child keeps the deadline itself; this one is for a child that cannot (garbage collection).
    const backstop = setTimeout(() => child.kill('SIGKILL'), 2 * this.#deadlineMs);
    child.send({ template, values, deadlineMs: this.#deadlineMs } satisfies RenderJob, () => {});
    const answer = await promise;
    clearTimeout(backstop);
    child.removeAllListeners();
    if ('text' in answer) return answer.text;
    this[Symbol.dispose]();
    throw new AppError('TEMPLATE_FAILED', `The model's chat template failed: ${answer.error}`, {
      hint: 'Choose another template with the setting chatTemplate, for example chatml.',
    });
  }

  #start(): ChildProcess {
    if (this.#child?.connected) return this.#child;
    this.#child = fork(childPath, {
      execArgv: [
        `--max-old-space-size=${heapMegabytes}`,
        '--max-semi-space-size=8',
        '--disable-warning=ExperimentalWarning',
      ],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    return this.#child;
  }

  [Symbol.dispose](): void {
    this.#child?.removeAllListeners();
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}
