/**
 * Engine host: the process in which one engine lives. Started by process.ts as
 * `node main.js <engine id> [test-only engine module]` with a socket on descriptor 3 for messages.
 * It ends when that socket closes, which is when the parent dies.
 */
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../errors.ts';
import type { Engine, EngineFactory } from '../engine.ts';
import { findEngine } from '../registry.ts';
import { openChannel } from './channel.ts';
import { checkToHost, type FromHost, type ToHost } from './protocol.ts';
import { PartSender } from './sender.ts';

const [engineId = '', engineModule] = process.argv.slice(2);
const ownEnding = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

// Ctrl+C reaches the whole terminal group; only the parent decides what it means.
process.on('SIGINT', () => {});
// A blocked event loop cannot see the socket close, so a thread looks after the parent too.
new Worker(new URL(`./watchdog${ownEnding}`, import.meta.url), { workerData: process.ppid }).unref();

const channel = openChannel(new Socket({ fd: 3 }), {
  onMessage: (message) => receive(message),
  onBroken: () => process.exit(1),
  onClose: () => process.exit(0),
});
const send = (message: FromHost): void => channel.send(message);

let factory: EngineFactory | undefined;
let engine: Engine | undefined;
const running = new Map<number, { readonly controller: AbortController; readonly sender: PartSender }>();

/** A generation that never waits must still let messages in: after this long it gives up its turn. */
const maxTurnMs = 4;
const progressIntervalMs = 30;

async function loadFactory(): Promise<EngineFactory> {
  if (factory) return factory;
  const loaded = engineModule
    ? ((await import(pathToFileURL(engineModule).href)) as { factory: EngineFactory })
    : await findEngine(engineId).load();
  factory = loaded.factory;
  return factory;
}

function loadedEngine(): Engine {
  if (engine) return engine;
  throw new AppError('HOST_PROTOCOL', 'The engine process was asked to work before a model was loaded.');
}

type Work = Extract<ToHost, { type: 'probe' | 'load' | 'generate' | 'inspect' }>;

async function load(message: Extract<ToHost, { type: 'load' }>, signal: AbortSignal): Promise<void> {
  let lastProgress = Number.NEGATIVE_INFINITY;
  const loading = (await loadFactory()).load(message.model, {
    signal,
    settings: message.settings,
    onProgress(progress) {
      const now = performance.now();
      if (now - lastProgress < progressIntervalMs && progress.fraction !== 1) return;
      lastProgress = now;
      send({ type: 'progress', id: message.id, progress });
    },
  });
  engine = await loading;
  send({ type: 'loaded', id: message.id, info: engine.info });
}

async function generate(
  message: Extract<ToHost, { type: 'generate' }>,
  signal: AbortSignal,
  sender: PartSender,
): Promise<void> {
  let turnStart = performance.now();
  for await (const part of loadedEngine().generate({ ...message.request, signal })) {
    await sender.add(part);
    if (performance.now() - turnStart > maxTurnMs) {
      await turn();
      turnStart = performance.now();
    }
  }
  await sender.end();
  send({ type: 'done', id: message.id });
}

async function perform(message: Work, signal: AbortSignal, sender: PartSender): Promise<void> {
  const { id } = message;
  switch (message.type) {
    case 'probe':
      send({ type: 'probed', id, report: await (await loadFactory()).probe(message.model) });
      break;
    case 'load':
      await load(message, signal);
      break;
    case 'generate':
      await generate(message, signal, sender);
      break;
    case 'inspect':
      send({ type: 'inspected', id, report: await loadedEngine().inspect(message.view) });
      break;
    default:
      message satisfies never;
  }
}

/** Runs one operation; whatever it throws goes to the parent as `failed`, after the parts that came before. */
async function run(message: Work): Promise<void> {
  const { id } = message;
  const controller = new AbortController();
  const sender = new PartSender((parts) => send({ type: 'parts', id, parts }));
  running.set(id, { controller, sender });
  try {
    await perform(message, controller.signal, sender);
  } catch (error) {
    await sender.end();
    send({ type: 'failed', id, error: AppError.from(error).toWire() });
  } finally {
    running.delete(id);
  }
}

function receive(raw: unknown): void {
  let message: ToHost;
  try {
    message = checkToHost(raw);
  } catch (error) {
    const { id } = Object(raw) as { id?: unknown };
    if (typeof id === 'number') send({ type: 'failed', id, error: AppError.from(error).toWire() });
    return;
  }
  switch (message.type) {
    case 'ack':
      running.get(message.id)?.sender.ack();
      break;
    case 'cancel':
      running.get(message.id)?.controller.abort();
      break;
    case 'ping':
      send({ type: 'alive', rssBytes: process.memoryUsage.rss() });
      break;
    case 'shutdown':
      void shutdown();
      break;
    default:
      void run(message);
  }
}

async function shutdown(): Promise<void> {
  for (const { controller } of running.values()) controller.abort();
  try {
    await engine?.[Symbol.asyncDispose]();
  } finally {
    process.exit(0);
  }
}
