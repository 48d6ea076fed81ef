import { sanitise } from '../../chat/sanitise.ts';

/**
 * What Discord shows as code. A mark behind a backslash opens none, and three marks that are never closed only at
 * the start of a line, where the message is going to close them.
 */
const code = /((?<!\\)```[\s\S]*?```|(?<![^\n])```[^`\n]*\n(?:(?!```)[\s\S])*$|(?<![`\\])`[^`\n]+`)/;

/**
 * Makes a model's text safe to send as a Discord message: no invisible or bidirectional tricks, and no masked
 * link (`[bank.example](https://evil.example)`), whose label could pass for another address: label and
 * address are both shown. Code is left as it is, since Discord interprets nothing in it.
 */
export function sanitiseForDiscord(text: string): string {
  return sanitise(text)
    .split(code)
    .map((piece, index) => (index % 2 === 1 ? piece : unmaskLinks(piece)))
    .join('');
}

function unmaskLinks(text: string): string {
  return text.replace(/\[([^\]\n]*)\]\(\s*<?((?:https?|discord):\/\/[^\s)>]+)>?[^)\n]*\)/gi, '$1 (<$2>)');
}
