import { sanitise } from '../chat/sanitise.ts';
import { AppError } from '../errors.ts';

/**
 * Prints an error for a person on standard error and returns the exit code.
 * `BABBLE_DEBUG=1` adds the stack and the causes.
 */
export function reportError(error: unknown): number {
  const wrapped = AppError.from(error);
  process.stderr.write(`babble: ${sanitise(wrapped.message)}\n`);
  if (wrapped.hint) process.stderr.write(`  ${sanitise(wrapped.hint)}\n`);
  if (process.env['BABBLE_DEBUG']) {
    for (let cause: unknown = wrapped; cause instanceof Error; cause = cause.cause)
      process.stderr.write(`${cause.stack}\n`);
  } else if (wrapped.code === 'INTERNAL') {
    process.stderr.write('  This is a defect in babble. BABBLE_DEBUG=1 shows where it happened.\n');
  }
  return wrapped.exitCode;
}
