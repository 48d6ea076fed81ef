/** llama.cpp's own server, to compare with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { llamaProgram } from './llama-build.ts';

const startMs = 60_000;

export class LlamaServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #address: string;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.#address = address;
  }

  /** Resolves when the model is loaded. */
  static async start(file: string, threads: string): Promise<LlamaServer> {
    const port = await freePort();
    const args = ['-m', file, '-t', threads, '-c', '1024', '-np', '1', '--port', String(port)];
    const child = spawn(llamaProgram('llama-server'), args, { stdio: 'ignore' });
    const server = new LlamaServer(child, `http://127.0.0.1:${port}`);
    const giveUp = performance.now() + startMs;
    while (!(await server.#isReady())) {
      if (child.exitCode !== null || performance.now() > giveUp)
        throw new Error('llama-server did not start');
      await pause(200);
    }
    return server;
  }

  /** Milliseconds until the first piece of a completion is here. */
  async firstText(prompt: string): Promise<number> {
    const started = performance.now();
    const response = await fetch(`${this.#address}/completion`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt, n_predict: 4, stream: true, temperature: 0 }),
    });
    const reader = response.body!.getReader();
    await reader.read();
    const taken = performance.now() - started;
    while (!(await reader.read()).done);
    return taken;
  }

  async #isReady(): Promise<boolean> {
    return await fetch(`${this.#address}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill();
    await once(this.#child, 'exit');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
