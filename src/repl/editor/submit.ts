/** What Enter does with the text in the editor. */
export type Submission =
  | { readonly type: 'send'; readonly text: string }
  /** The text goes on: this many characters before the cursor give way to a line end. */
  | { readonly type: 'continue'; readonly remove: 0 | 1 };

/**
 * A trailing backslash and an open `"""` block go on with a new line; everything else is sent, a closed
 * block without its marks.
 */
export function submission(text: string, cursor: number): Submission {
  if (cursor === text.length && text.endsWith('\\')) return { type: 'continue', remove: 1 };
  if (!text.startsWith('"""')) return { type: 'send', text };
  if (text.length < 6 || !text.trimEnd().endsWith('"""')) return { type: 'continue', remove: 0 };
  return { type: 'send', text: text.trimEnd().slice(3, -3).replace(/^\n/, '').replace(/\n$/, '') };
}
