import { sanitiseLine } from '../sanitise.ts';

/** Trigrams cannot find anything shorter. */
const shortest = 3;
const excerptReach = 60;

/** A WHERE clause over messages m that hold every word of the query, and its parameters; undefined for no words. */
export function searchCondition(query: string): { where: string; values: string[] } | undefined {
  const words = query.split(/\s+/).filter(Boolean);
  if (words.length === 0) return undefined;
  const long = words.filter((word) => [...word].length >= shortest);
  const short = words.filter((word) => [...word].length < shortest);
  const conditions: string[] = [];
  const values: string[] = [];
  if (long.length > 0) {
    // An answer that was cut off is in no index.
    conditions.push(
      `(m.seq IN (SELECT rowid FROM message_search WHERE message_search MATCH ?)
        OR (m.role = 'assistant' AND m.reason IS NULL AND ${likes(long)}))`,
    );
    values.push(long.map(quote).join(' '), ...long.map(pattern));
  }
  if (short.length > 0) {
    conditions.push(likes(short));
    values.push(...short.map(pattern));
  }
  return { where: conditions.join(' AND '), values };
}

/** One clean line around the first word of the query that the text holds. */
export function excerptOf(content: string, query: string): string {
  const lower = content.toLowerCase();
  const places = query
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => lower.indexOf(word))
    .filter((place) => place >= 0);
  const place = places.length > 0 ? Math.min(...places) : 0;
  const from = Math.max(0, place - excerptReach);
  const to = place + excerptReach;
  const part = content.slice(from, to).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '');
  return `${from > 0 ? '…' : ''}${sanitiseLine(part)}${to < content.length ? '…' : ''}`;
}

function likes(words: readonly string[]): string {
  return words.map(() => "m.content LIKE ? ESCAPE '\\'").join(' AND ');
}

function pattern(word: string): string {
  return `%${word.replace(/[\\%_]/g, '\\$&')}%`;
}

/** A word as FTS5's string, in which nothing is an operator. */
function quote(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}
