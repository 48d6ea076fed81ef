import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createMetrics, serveMetrics } from './metrics.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('metrics in Prometheus’s text, and a health that follows the gateway', async () => {
  let connected = true;
  const metrics = createMetrics({ running: () => 2, waiting: () => 3, connected: () => connected });
  metrics.answers.inc({ engine: 'mlp', outcome: 'done' });
  metrics.acknowledgeSeconds.observe(0.02);
  const server = await serveMetrics(metrics, () => connected, await freePort());
  const { port, address } = server.address() as AddressInfo;
  expect(address).toBe('127.0.0.1');
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const { text } = await get('/metrics');
  for (const line of [
    'babble_bot_answers_running 2',
    'babble_bot_answers_waiting 3',
    'babble_bot_connected 1',
    'babble_bot_answers_total{engine="mlp",outcome="done"} 1',
    'babble_bot_acknowledge_seconds_bucket{le="0.05"} 1',
  ])
    expect(text).toContain(line);
  expect((await get('/health')).status).toBe(200);
  connected = false;
  expect((await get('/health')).status).toBe(503);
  expect((await get('/other')).status).toBe(404);
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
});
