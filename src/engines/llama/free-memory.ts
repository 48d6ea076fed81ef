import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import path from 'node:path';

/** Where the kernel tells; tests put a folder here. */
export interface KernelFiles {
  readonly proc: string;
  readonly cgroup: string;
}

/**
 * Bytes that a process started now could use: what the kernel calls available, less where a control
 * group (a container) allows less. Page cache counts as free, since it gives way.
 */
export function freeMemory(files: KernelFiles = { proc: '/proc', cgroup: '/sys/fs/cgroup' }): number {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(read(files.proc, 'meminfo') ?? '');
  const system = available ? Number(available[1]) * 1024 : freemem();
  return Math.max(0, Math.min(system, ...cgroupRooms(files)));
}

/** Room in the process's control group and in each above it. */
function cgroupRooms(files: KernelFiles): number[] {
  const lines = (read(files.proc, 'self', 'cgroup') ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, controllers = '', group = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '') return rooms(files.cgroup, group, v2);
    if (controllers.split(',').includes('memory')) return rooms(path.join(files.cgroup, 'memory'), group, v1);
    return [];
  });
}

interface Version {
  readonly limit: string;
  readonly usage: string;
  readonly cache: RegExp;
}
const v2: Version = { limit: 'memory.max', usage: 'memory.current', cache: /^inactive_file (\d+)$/m };
const v1: Version = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  cache: /^total_inactive_file (\d+)$/m,
};

function rooms(root: string, group: string, version: Version): number[] {
  const found: number[] = [];
  for (let folder = path.posix.join('/', group); ; folder = path.posix.dirname(folder)) {
    const limit = Number(read(root, folder, version.limit) ?? Number.NaN); // "max" is NaN: no limit
    const usage = Number(read(root, folder, version.usage) ?? Number.NaN);
    const cache = Number(version.cache.exec(read(root, folder, 'memory.stat') ?? '')?.[1] ?? 0);
    if (Number.isFinite(limit - usage)) found.push(limit - usage + cache);
    if (folder === '/') return found;
  }
}

function read(...parts: string[]): string | undefined {
  try {
    return readFileSync(path.join(...parts), 'utf8');
  } catch {
    return undefined;
  }
}
