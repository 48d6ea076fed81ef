/** PyTorch to race against: a virtual environment of the bench's own, pinned, made once. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../node_modules/.cache/babble/torch', import.meta.url));
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export interface TorchResult {
  readonly tokensPerSecond: number;
  readonly peakBytes: number;
  readonly torch: string;
}

/** A Python with PyTorch: `BABBLE_BENCH_PYTHON`, else a virtual environment that pip fills on first use. */
function torchPython(): string {
  const own = process.env['BABBLE_BENCH_PYTHON'];
  if (own !== undefined) return own;
  const python = `${folder}/bin/python`;
  const done = `${folder}/ready`;
  if (!existsSync(done)) {
    console.log('Installing PyTorch for the comparison (once) …');
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '-r', here('requirements.txt')], {
      stdio: 'inherit',
    });
    execFileSync('touch', [done]);
  }
  return python;
}

export function runTorch(what: 'train' | 'sample', options: Readonly<Record<string, unknown>>): TorchResult {
  const output = execFileSync(
    torchPython(),
    ['-W', 'ignore', here('gpt.py'), what, JSON.stringify(options)],
    {
      encoding: 'utf8',
    },
  );
  return JSON.parse(output.trim().split('\n').at(-1)!) as TorchResult;
}

/** A process that trains one of the lectures' nets over names; `steps` does so many and gives the time of one. */
export interface TorchSteps extends Disposable {
  steps(count: number): Promise<StepTime & { readonly torch: string }>;
}

export interface StepTime {
  /** Microseconds a step, by the clock. */
  readonly micros: number;
  /** Microseconds a step of processor time, over all threads: steadier when other work runs beside. */
  readonly processor: number;
}

export function startTorchSteps(model: 'mlp' | 'wavenet'): TorchSteps {
  const child = spawn(torchPython(), ['-W', 'ignore', here('names.py'), model], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async steps(count) {
      child.stdin.write(`${count}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the PyTorch process ended');
      return JSON.parse(value);
    },
    [Symbol.dispose]: () => child.kill(),
  };
}

export function machine(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim()}, ${process.platform}-${process.arch}, Node ${process.version}`;
}
