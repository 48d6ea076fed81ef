/**
 * A process that renders chat templates and nothing else. A template is a program from a stranger's
 * file: here it can loop or allocate as it likes, and only this process ends. (A worker thread would not
 * do: a heap that runs over aborts its whole process.) Started by template.ts with a small heap.
 */
import { createContext, runInContext } from 'node:vm';
import { Template } from '@huggingface/jinja';
import type { RenderAnswer, RenderJob } from './template.ts';

/** Longest rendered prompt, in UTF-16 units. */
const maxLength = 16 << 20;

function render(job: RenderJob): RenderAnswer {
  try {
    // vm's deadline interrupts the loops of everything it calls.
    const context = createContext({ render: () => new Template(job.template).render(job.values) });
    const text: unknown = runInContext('render()', context, { timeout: job.deadlineMs });
    if (typeof text !== 'string' || text.length > maxLength) {
      return { error: `its text is longer than ${maxLength} characters` };
    }
    return { text };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', (job: RenderJob) => process.send?.(render(job)));
