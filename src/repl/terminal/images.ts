import type { ImageProtocol } from '../../pictures/index.ts';

/** How a terminal shows images. */
export interface ImageSupport {
  readonly protocol: ImageProtocol;
  /** Pixels of a cell, where the terminal tells. */
  readonly cell?: { readonly width: number; readonly height: number };
}

/**
 * The questions: Kitty's graphics (an image of one pixel, not to be shown), the size of a cell, and the primary
 * device attributes, which every terminal answers, and in order: with that answer all have come.
 */
export const imageQuery = '\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c';

/** Whether the questions can be asked: some terminals print what they do not know, and multiplexers swallow images. */
export function mayAskForImages(env: NodeJS.ProcessEnv): boolean {
  const term = env['TERM'] ?? '';
  if (env['TMUX'] || env['STY'] || env['ZELLIJ']) return false;
  if (term === '' || /^(dumb|linux|cons25|vt|ansi|screen|tmux)/.test(term)) return false;
  return env['TERM_PROGRAM'] !== 'Apple_Terminal';
}

/** What the answers and the environment say, best protocol first; undefined where there is none. */
export function imageSupportOf(answers: string, env: NodeJS.ProcessEnv): ImageSupport | undefined {
  const size = /\x1b\[6;(\d+);(\d+)t/.exec(answers);
  const cell = size && { width: Number(size[2]), height: Number(size[1]) };
  const withCell = cell && cell.width > 0 && cell.height > 0 ? { cell } : {};
  if (/\x1b_Gi=31;OK\x1b\\/.test(answers)) return { protocol: 'kitty', ...withCell };
  const isIterm = /^(iTerm\.app|WezTerm)$/.test(env['TERM_PROGRAM'] ?? '') || env['LC_TERMINAL'] === 'iTerm2';
  if (isIterm) return { protocol: 'iterm2', ...withCell };
  const attributes = /\x1b\[\?([\d;]*)c/.exec(answers)?.[1]?.split(';') ?? [];
  // Sixels are pixels: without the size of a cell nobody knows how many rows they take.
  return attributes.includes('4') && 'cell' in withCell ? { protocol: 'sixel', ...withCell } : undefined;
}
