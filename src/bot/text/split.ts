/** Discord's longest message, in UTF-16 units as Discord counts them. */
export const messageLimit = 2_000;

const fence = /^(`{3,}|~{3,})([^\n`]*)$/;

/**
 * Splits a Markdown text into messages of at most `limit` units. It prefers to cut between paragraphs, then
 * lines, then sentences, then words; never inside a surrogate pair or a combining sequence. A code fence
 * that is open at a cut is closed there and opened again, with its language, in the next message.
 */
export function splitMessage(text: string, limit = messageLimit): string[] {
  const messages: string[] = [];
  let rest = text;
  let reopen = '';
  while (
    reopen.length + rest.length > limit ||
    closing(reopen + rest).length + reopen.length + rest.length > limit
  ) {
    // room for the closing fence, which may be as long as the opening one plus a line feed
    const open = openFence(reopen + rest.slice(0, limit - reopen.length));
    const room = limit - reopen.length - (open ? open.marker.length + 1 : 0);
    const at = cutBefore(rest, room);
    const head = reopen + rest.slice(0, at).replace(/\n+$/, '');
    messages.push(head + closing(head));
    const still = openFence(head);
    reopen = still ? `${still.marker}${still.language}\n` : '';
    rest = rest.slice(at).replace(/^\n+/, '');
    if (still && rest === '') return messages;
  }
  const last = reopen + rest;
  if (last.trim() !== '') messages.push(last + closing(last));
  return messages;
}

/** What closes the fence that a text leaves open; '' when none is. */
function closing(text: string): string {
  const open = openFence(text);
  if (!open) return '';
  return text.endsWith('\n') ? open.marker : `\n${open.marker}`;
}

function openFence(text: string): { marker: string; language: string } | undefined {
  let open: { marker: string; language: string } | undefined;
  for (const line of text.split('\n')) {
    const match = fence.exec(line.trimStart());
    if (!match) continue;
    const [, marker = '', language = ''] = match;
    if (!open) open = { marker, language: language.trim() };
    else if (marker.startsWith(open.marker) && language.trim() === '') open = undefined;
  }
  return open;
}

/** The best place to cut `text` within `room` units; always at least one character in. */
function cutBefore(text: string, room: number): number {
  const head = text.slice(0, room);
  // a cut that leaves less than half of the room used would make many short messages
  const least = room / 2;
  for (const boundary of ['\n\n', '\n']) {
    const at = head.lastIndexOf(boundary);
    if (at >= least) return at + boundary.length;
  }
  const sentence = [...head.matchAll(/[.!?。！？]\s/g)].at(-1);
  if (sentence && sentence.index + 2 >= least) return sentence.index + 2;
  const space = head.lastIndexOf(' ');
  if (space >= least) return space + 1;
  return graphemeBoundary(text, room);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function graphemeBoundary(text: string, room: number): number {
  // one grapheme can be longer than any message (stacked combining marks): then a code point is what is kept whole
  const start = Math.max(0, room - 64);
  let at = 0;
  for (const { index, segment } of graphemes.segment(text.slice(start, room + 64))) {
    if (start + index > 0 && start + index <= room) at = start + index;
    if (start + index + segment.length > room) break;
  }
  if (at > 0) return at;
  const low = text.charCodeAt(room);
  return low >= 0xdc00 && low <= 0xdfff && room > 1 ? room - 1 : room;
}
