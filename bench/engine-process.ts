/** Looks at the process in which an engine runs, from outside (Linux). */
import { readFileSync, statSync } from 'node:fs';

/** Id of this process's child that has the model's file mapped. */
export function engineProcess(modelFile: string): string | undefined {
  const { ino } = statSync(modelFile);
  const children = readText(`/proc/${process.pid}/task/${process.pid}/children`).split(' ').filter(Boolean);
  return children.find((pid) => {
    const maps = readText(`/proc/${pid}/maps`);
    return maps.includes(` ${ino} `) || maps.includes(modelFile);
  });
}

export function residentBytes(pid: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Milliseconds of processor time that the process has taken in all its threads. */
export function processorMs(pid: string): number {
  const ticksPerSecond = 100;
  const fields = readText(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
