import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the bot counts. Labels are engine ids and outcomes, never people or servers. */
export interface BotMetrics {
  readonly registry: Registry;
  readonly answers: Counter<'engine' | 'outcome'>;
  readonly tokens: Counter<'engine'>;
  readonly queueSeconds: Histogram<'engine'>;
  readonly acknowledgeSeconds: Histogram;
  readonly interactions: Counter<'command'>;
}

/** @param gauges read whenever metrics are asked for. */
export function createMetrics(gauges: {
  running(): number;
  waiting(): number;
  connected(): boolean;
}): BotMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'babble_bot_' });
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('babble_bot_answers_running', 'Answers being generated', gauges.running);
  gauge('babble_bot_answers_waiting', 'Answers waiting for a slot', gauges.waiting);
  gauge('babble_bot_connected', '1 while the gateway is connected', () => Number(gauges.connected()));
  return {
    registry,
    answers: new Counter({
      name: 'babble_bot_answers_total',
      help: 'Answers by how they ended',
      labelNames: ['engine', 'outcome'],
      registers,
    }),
    tokens: new Counter({
      name: 'babble_bot_tokens_total',
      help: 'Generated tokens',
      labelNames: ['engine'],
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'babble_bot_queue_seconds',
      help: 'Time from question to slot',
      labelNames: ['engine'],
      buckets: [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900],
      registers,
    }),
    acknowledgeSeconds: new Histogram({
      name: 'babble_bot_acknowledge_seconds',
      help: 'Time from an interaction to its acknowledgement; Discord allows 3',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 3],
      registers,
    }),
    interactions: new Counter({
      name: 'babble_bot_interactions_total',
      help: 'Interactions by command',
      labelNames: ['command'],
      registers,
    }),
  };
}

/** Serves `/metrics` and `/health` on loopback. Health is 200 while the gateway is connected, else 503. */
export async function serveMetrics(
  metrics: BotMetrics,
  connected: () => boolean,
  port: number,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === '/health') {
      const ok = connected();
      response
        .writeHead(ok ? 200 : 503, { 'content-type': 'application/json' })
        .end(JSON.stringify({ connected: ok }));
      return;
    }
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return server;
}
