import { AppError } from '../errors.ts';

/**
 * Exit codes of `babble bot`, for a supervisor: 0 stopped on request; 78 (EX_CONFIG) the owner must act, a restart
 * cannot help; 75 (EX_TEMPFAIL) try again later.
 */
export const exitCodes = { stopped: 0, ownerMustAct: 78, tryAgain: 75 } as const;

const fatal = new Set(['BOT_CONFIG', 'BOT_TOKEN', 'BOT_INTENTS', 'STORE_TOO_NEW']);

export function exitCodeOf(error: AppError): number {
  return fatal.has(error.code) ? exitCodes.ownerMustAct : exitCodes.tryAgain;
}

/**
 * Turns what discord.js throws, or a gateway's close event, into an error that says what to click. The cause is left
 * out on purpose: a DiscordAPIError holds tokens and bodies.
 */
export function toStartError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, status, message } = error as { code?: unknown; status?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : '';
  if (code === 'TokenInvalid' || code === 4004 || status === 401 || /invalid token/i.test(text)) {
    return new AppError('BOT_TOKEN', 'Discord does not accept the bot’s token.', {
      hint: 'Developer Portal → your application → Bot → Reset Token, then set DISCORD_TOKEN to the new one.',
    });
  }
  if (code === 4013 || code === 4014 || /disallowed intents/i.test(text)) {
    return new AppError(
      'BOT_INTENTS',
      'Discord does not allow the bot an intent that it asks for: Message Content.',
      {
        hint: 'Developer Portal → your application → Bot → Privileged Gateway Intents → Message Content; or set messageContent = false.',
      },
    );
  }
  const what =
    typeof code === 'number' ? ` (gateway code ${code})` : text === '' ? '' : ` (${text.slice(0, 200)})`;
  return new AppError('BOT_UNREACHABLE', `Discord cannot be reached${what}.`, {
    hint: 'The bot tries again by itself; is this machine on the net?',
  });
}
