/** A failure of set-up, meant for a person: what happened, and the next thing to do. */
export class SetupError extends Error {
  /**
   * @param {string} code stable: SETUP_FAILED, BUILD_FAILED, CHECK_FAILED or TENSORFLOW_SETUP_FAILED
   * @param {string} message what happened, actual against expected
   * @param {{hint?: string, cause?: unknown}} [options]
   */
  constructor(code, message, { hint, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SetupError';
    this.code = code;
    this.hint = hint;
  }
}

const fullDisk = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** True when a write failed because there is no room: disk, quota or file size limit. */
export function isDiskFull(error) {
  if (!error) return false;
  return fullDisk.has(error.code) || /No space left on device|Disk quota exceeded/.test(error.message ?? '');
}

/** Lines for the terminal. */
export function describe(error) {
  if (!(error instanceof SetupError)) return `Set-up failed: ${error?.stack ?? error}`;
  const lines = [`${error.code}: ${error.message}`];
  if (error.hint) lines.push(`  → ${error.hint}`);
  return lines.join('\n');
}
