import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors.ts';
import type {
  EngineInfo,
  FitReport,
  InspectReport,
  InspectView,
  LoadProgress,
  LoadSettings,
  ModelRef,
} from '../engine.ts';
import { openChannel } from './channel.ts';
import { engineEnvironment } from './environment.ts';
import { describeExit } from './exit-reason.ts';
import { LastLines } from './last-lines.ts';
import { checkFromHost, type FromHost, messagesPerAck, type ToHost } from './protocol.ts';
import { residentBytes } from './resident.ts';

export interface ProcessOptions {
  readonly engine: string;
  /** Names of secret environment variables that the engine needs. */
  readonly secrets?: readonly string[];
  readonly memoryLimitBytes?: number | undefined;
  /** Test-only: an engine module to load instead of the registry's. */
  readonly engineModule?: string | undefined;
  /** A process that says nothing for this long after a stop is taken to hang (default 5000). */
  readonly hangMs?: number;
  /** Called at the end, before the operations under way hear of it: with the reason, or undefined when it was asked to end. */
  onExit(reason: AppError | undefined): void;
}

/** Receives what the host answers to one operation, or the error that ended it. */
export interface OperationHandlers {
  onMessage(message: FromHost): void;
  onEnd(error: AppError): void;
}

const memoryPollMs = 250;
const lastWordsMs = 500;
const shutdownGraceMs = 2000;
/** A host whose event loop turns answers a ping at once. */
const defaultHangMs = 5000;

/** One engine host process, from its start to its end. It is never started again: see client.ts. */
export class EngineProcess {
  readonly exited: Promise<void>;
  readonly pid: number | undefined;
  readonly #engine: string;
  readonly #send: (message: ToHost) => void;
  readonly #kill: () => void;
  readonly #memoryLimit: number | undefined;
  readonly #hangMs: number;
  readonly #operations = new Map<number, OperationHandlers>();
  #nextId = 1;
  #ending = false;
  #ended: AppError | undefined;
  #reason: AppError | undefined;
  #lastWord = performance.now();

  constructor(options: ProcessOptions) {
    this.#engine = options.engine;
    this.#hangMs = options.hangMs ?? defaultHangMs;
    this.#memoryLimit = options.memoryLimitBytes;
    // Beside this file, with its ending: sources run as they are, dist/ holds JavaScript.
    const own = fileURLToPath(import.meta.url);
    const main = own.replace(/process([.]\w+)$/, 'main$1');
    const child = spawn(
      process.execPath,
      [main, options.engine, ...(options.engineModule ? [options.engineModule] : [])],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        env: engineEnvironment(process.env, options.secrets),
        windowsHide: true,
      },
    );
    this.pid = child.pid;
    this.#kill = () => child.kill('SIGKILL');
    const output = new LastLines();
    if (child.stdout) output.read(child.stdout);
    if (child.stderr) output.read(child.stderr);
    const channel = openChannel(child.stdio[3] as Duplex, {
      onMessage: (message) => this.#receive(message),
      onBroken: (error) => this.kill(error),
    });
    this.#send = (message) => channel.send(message);
    const stopMemoryWatch = this.#watchMemory();

    this.exited = new Promise((resolve) => {
      const end = (error: AppError): void => {
        if (this.#ended) return;
        stopMemoryWatch();
        channel.close();
        const reason = this.#reason ?? (this.#ending ? undefined : error);
        this.#ended = reason ?? closedError(options.engine);
        options.onExit(reason);
        for (const { onEnd } of [...this.#operations.values()]) onEnd(this.#ended);
        this.#operations.clear();
        resolve();
      };
      child.once('exit', (code, signal) => {
        const report = (): void =>
          end(describeExit({ engine: options.engine, code, signal, lastLines: output.lines }));
        // `close` comes once the last words are read; never, while a process the engine started holds them.
        const timer = setTimeout(report, lastWordsMs);
        child.once('close', () => {
          clearTimeout(timer);
          report();
        });
      });
      child.once('error', (error) => {
        if (child.pid === undefined) {
          end(
            new AppError(
              'ENGINE_CRASHED',
              `The process of engine "${options.engine}" could not be started.`,
              {
                cause: error,
              },
            ),
          );
        }
      });
    });
  }

  /** Starts an operation; the returned functions speak about it until it ends. */
  start(
    message: (id: number) => ToHost,
    handlers: OperationHandlers,
  ): { ack(): void; cancel(): void; forget(): void } {
    const id = this.#nextId++;
    const ended = this.#ended;
    if (ended) queueMicrotask(() => handlers.onEnd(ended));
    else this.#operations.set(id, handlers);
    this.#send(message(id));
    let taken = 0;
    return {
      ack: () => {
        taken++;
        if (taken % messagesPerAck === 0) this.#send({ type: 'ack', id });
      },
      cancel: () => this.#send({ type: 'cancel', id }),
      forget: () => this.#operations.delete(id),
    };
  }

  load(
    model: ModelRef,
    settings: LoadSettings,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<EngineInfo> {
    return this.#ask(
      (id) => ({ type: 'load', id, model, settings }),
      'loaded',
      (answer) => {
        if (answer.type === 'progress') onProgress(answer.progress);
      },
    ).then((answer) => answer.info);
  }

  probe(model: ModelRef): Promise<FitReport> {
    return this.#ask((id) => ({ type: 'probe', id, model }), 'probed').then((answer) => answer.report);
  }

  inspect(view: InspectView): Promise<InspectReport> {
    return this.#ask((id) => ({ type: 'inspect', id, view }), 'inspected').then((answer) => answer.report);
  }

  /** Kills the process when it says nothing for `hangMs`, until the returned function is called. */
  watchLife(): () => void {
    const hangMs = this.#hangMs;
    let asked = performance.now();
    this.#send({ type: 'ping' });
    const timer = setInterval(() => {
      if (this.#lastWord >= asked) {
        asked = performance.now();
        this.#send({ type: 'ping' });
        return;
      }
      this.kill(
        new AppError(
          'ENGINE_CRASHED',
          `The process of engine "${this.#engine}" did not answer a stop within ${hangMs / 1000} s and was ended.`,
          { hint: 'The conversation is kept. Ask again.' },
        ),
      );
    }, hangMs);
    return () => clearInterval(timer);
  }

  /** Ends the process at once; `reason` absent means that this is wanted and no crash. */
  kill(reason?: AppError): void {
    if (reason) this.#reason ??= reason;
    else this.#ending = true;
    this.#kill();
  }

  /** Lets the engine clean up, then ends the process, by force if it does not. */
  async shutdown(): Promise<void> {
    this.#ending = true;
    this.#send({ type: 'shutdown' });
    const timer = setTimeout(() => this.#kill(), shutdownGraceMs);
    await this.exited;
    clearTimeout(timer);
  }

  #ask<Type extends FromHost['type']>(
    message: (id: number) => ToHost,
    expected: Type,
    onOther: (answer: FromHost) => void = () => {},
  ): Promise<Extract<FromHost, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const operation = this.start(message, {
        onMessage(answer) {
          if (answer.type === expected) {
            operation.forget();
            resolve(answer as Extract<FromHost, { type: Type }>);
          } else if (answer.type === 'failed') {
            operation.forget();
            reject(AppError.fromWire(answer.error));
          } else onOther(answer);
        },
        onEnd: reject,
      });
    });
  }

  #receive(raw: unknown): void {
    if (this.#reason) return; // condemned: what it still says is not believed
    this.#lastWord = performance.now();
    let message: FromHost;
    try {
      message = checkFromHost(raw);
    } catch (error) {
      this.kill(AppError.from(error));
      return;
    }
    if (message.type === 'alive') this.#checkMemory(message.rssBytes);
    // An answer to a forgotten operation comes late and is dropped.
    else this.#operations.get(message.id)?.onMessage(message);
  }

  #watchMemory(): () => void {
    if (this.#memoryLimit === undefined) return () => {};
    const timer = setInterval(async () => {
      const bytes = this.pid === undefined ? undefined : await residentBytes(this.pid);
      if (bytes === undefined) this.#send({ type: 'ping' });
      else this.#checkMemory(bytes);
    }, memoryPollMs).unref();
    return () => clearInterval(timer);
  }

  #checkMemory(bytes: number): void {
    if (this.#memoryLimit === undefined || bytes <= this.#memoryLimit) return;
    const mb = (n: number): string => `${Math.round(n / 1e6)} MB`;
    this.kill(
      new AppError(
        'ENGINE_OUT_OF_MEMORY',
        `The process of engine "${this.#engine}" took ${mb(bytes)}, more than the ${mb(this.#memoryLimit)} allowed, and was ended.`,
        { hint: 'Use a smaller model, quantization or context, or raise the memory limit.' },
      ),
    );
  }
}

export function closedError(engine: string): AppError {
  return new AppError('ENGINE_CLOSED', `The engine "${engine}" is closed.`, {
    hint: 'Open the engine again to go on.',
  });
}
