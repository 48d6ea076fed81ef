import { sanitise } from '../../chat/sanitise.ts';

/**
 * Makes a model's text safe to send as a Discord message: no invisible or bidirectional tricks, and no masked
 * link (`[bank.example](https://evil.example)`), whose label could pass for another address: label and
 * address are both shown. Code is left as it is, since Discord interprets nothing in it.
 */
export function sanitiseForDiscord(text: string): string {
  return sanitise(text)
    .split(/(```[\s\S]*?(?:```|$)|`[^`\n]+`)/)
    .map((piece, index) => (index % 2 === 1 ? piece : unmaskLinks(piece)))
    .join('');
}

function unmaskLinks(text: string): string {
  return text.replace(/\[([^\]\n]*)\]\(\s*<?((?:https?|discord):\/\/[^\s)>]+)>?[^)\n]*\)/gi, '$1 (<$2>)');
}
