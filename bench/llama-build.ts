/** llama.cpp's own benchmark program, built once from the source in PyPI's llama-cpp-python. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '0.3.36';
const cache = fileURLToPath(new URL('../node_modules/.cache/babble/llama.cpp', import.meta.url));

/** Path of llama-bench; BABBLE_LLAMA_BENCH names one that is built already. The build takes some minutes. */
export function llamaBench(): string {
  const given = process.env['BABBLE_LLAMA_BENCH'];
  if (given) return given;
  const binary = path.join(cache, 'build', 'bin', 'llama-bench');
  if (existsSync(binary)) return binary;
  mkdirSync(cache, { recursive: true });
  const requirement = `llama-cpp-python==${version}`;
  call('pip', ['download', '--no-deps', '--no-binary', 'llama-cpp-python', '-d', cache, requirement]);
  const archive = readdirSync(cache).find((name) => name.endsWith('.tar.gz'));
  if (archive === undefined) throw new Error(`pip left no source in ${cache}`);
  call('tar', ['xzf', path.join(cache, archive), '-C', cache]);
  const source = path.join(cache, archive.replace(/[.]tar[.]gz$/, ''), 'vendor', 'llama.cpp');
  const off = ['LLAMA_CURL', 'LLAMA_OPENSSL', 'LLAMA_BUILD_TESTS', 'LLAMA_BUILD_EXAMPLES', 'LLAMA_BUILD_UI'];
  const flags = ['-DCMAKE_BUILD_TYPE=Release', ...off.map((name) => `-D${name}=OFF`)];
  call('cmake', ['-S', source, '-B', path.join(cache, 'build'), ...flags]);
  call('cmake', ['--build', path.join(cache, 'build'), '--target', 'llama-bench', '-j', '2']);
  return binary;
}

export interface BenchRow {
  readonly n_prompt: number;
  readonly n_gen: number;
  readonly avg_ts: number;
}

/** Runs llama-bench once. @returns tokens a second */
export function runLlamaBench(binary: string, args: readonly string[]): number {
  const { status, stdout, stderr } = spawnSync(binary, [...args, '-o', 'json', '-r', '1'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`llama-bench failed: ${stderr.slice(-500)}`);
  const [row] = JSON.parse(stdout) as readonly BenchRow[];
  return row!.avg_ts;
}

function call(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}
