/**
 * llama.cpp's own programs, built once from the source in PyPI's llama-cpp-python. Needs pip and a C++
 * compiler; cmake is taken from pip where there is none.
 *
 *   node bench/llama-build.ts      builds them now and prints where they are
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '0.3.36';
const cache = fileURLToPath(new URL('../node_modules/.cache/babble/llama.cpp', import.meta.url));
const programs = ['llama-bench', 'llama-server'] as const;

/**
 * Path of a program; the environment variable BABBLE_LLAMA_BIN names a folder that has them already.
 * The first build takes a quarter of an hour with one job.
 */
export function llamaProgram(name: (typeof programs)[number]): string {
  const given = process.env['BABBLE_LLAMA_BIN'];
  if (given) return path.join(given, name);
  const binary = path.join(cache, 'build', 'bin', name);
  if (!existsSync(binary)) build();
  return binary;
}

/** Folder of llama.cpp's source, which is there once its programs are built. */
export function llamaSource(): string {
  return path.join(cache, `llama_cpp_python-${version}`, 'vendor', 'llama.cpp');
}

function build(): void {
  mkdirSync(cache, { recursive: true });
  const requirement = `llama-cpp-python==${version}`;
  call('pip', ['download', '--no-deps', '--no-binary', 'llama-cpp-python', '-d', cache, requirement]);
  const archive = readdirSync(cache).find((name) => name.endsWith('.tar.gz'));
  if (archive === undefined) throw new Error(`pip left no source in ${cache}`);
  call('tar', ['xzf', path.join(cache, archive), '-C', cache]);
  const cmake = findCmake();
  const off = ['LLAMA_CURL', 'LLAMA_OPENSSL', 'LLAMA_BUILD_TESTS', 'LLAMA_BUILD_EXAMPLES', 'LLAMA_BUILD_UI'];
  // The library beneath the product is built without OpenMP too.
  const flags = ['-DCMAKE_BUILD_TYPE=Release', '-DGGML_OPENMP=OFF', ...off.map((name) => `-D${name}=OFF`)];
  cmake(['-S', llamaSource(), '-B', path.join(cache, 'build'), ...flags]);
  const jobs = process.env['BABBLE_BUILD_JOBS'] ?? String(availableParallelism());
  cmake(['--build', path.join(cache, 'build'), '--target', ...programs, '-j', jobs]);
}

function findCmake(): (args: readonly string[]) => void {
  if (spawnSync('cmake', ['--version']).status === 0) return (args) => call('cmake', args);
  const place = path.join(cache, 'cmake');
  if (!existsSync(place)) call('pip', ['install', '--target', place, 'cmake']);
  return (args) =>
    call('python3', ['-c', 'import sys, cmake; sys.argv[0] = "cmake"; cmake.cmake()', ...args], place);
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

function call(command: string, args: readonly string[], pythonPath?: string): void {
  const env = pythonPath === undefined ? process.env : { ...process.env, PYTHONPATH: pythonPath };
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

if (import.meta.main) for (const name of programs) console.log(llamaProgram(name));
