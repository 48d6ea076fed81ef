/** PyTorch to race against: a virtual environment of the bench's own, pinned, made once. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
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
  const output = execFileSync(torchPython(), [here('gpt.py'), what, JSON.stringify(options)], {
    encoding: 'utf8',
  });
  return JSON.parse(output.trim().split('\n').at(-1)!) as TorchResult;
}

export function machine(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim()}, ${process.platform}-${process.arch}, Node ${process.version}`;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
