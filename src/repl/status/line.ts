import { sanitiseLine } from '../../chat/sanitise.ts';
import { longCount, rate, shortCount } from '../numbers.ts';
import { truncate, width } from '../terminal/cells.ts';
import type { Status } from './reducer.ts';

/**
 * The status line for a width: engine, what it is doing, its size, tokens a second, context used. Parts
 * leave from the right, and words shorten, before anything is cut.
 */
export function statusLine(status: Status, columns: number): string {
  for (const short of [false, true]) {
    const line = parts(status, short).join(' · ');
    if (width(line) <= columns) return line;
  }
  const kept = parts(status, true);
  while (kept.length > 1 && width(kept.join(' · ')) > columns) kept.pop();
  return truncate(kept.join(' · '), columns);
}

function parts(status: Status, short: boolean): string[] {
  const { engineId, modelId, info, activity } = status;
  const name = sanitiseLine(modelId === engineId || short ? engineId : `${engineId} ${modelId}`);
  if (status.hint !== undefined) return [status.hint];
  const line = [name];
  if (activity.type === 'loading') line.push(loading(activity, short));
  if (activity.type === 'generating') line.push(short ? 'Esc stops' : 'writing, Esc stops');
  if (info && activity.type !== 'loading')
    line.push(
      short ? `${shortCount(info.parameterCount)} params` : `${longCount(info.parameterCount)} parameters`,
    );
  if (status.tokensPerSecond !== undefined)
    line.push(`${rate(status.tokensPerSecond)} ${short ? 'tok/s' : 'tokens/s'}`);
  if (info && status.contextUsed !== undefined && info.kind === 'chat')
    line.push(`${short ? '' : 'context '}${longCount(status.contextUsed)}/${shortCount(info.contextLength)}`);
  if (status.training !== undefined) line.push(sanitiseLine(status.training));
  return line;
}

function loading(activity: { message: string; fraction?: number }, short: boolean): string {
  const percent = activity.fraction === undefined ? '' : ` ${Math.round(activity.fraction * 100)}%`;
  return short ? `loading${percent}` : `${sanitiseLine(activity.message) || 'loading'}${percent}`;
}
