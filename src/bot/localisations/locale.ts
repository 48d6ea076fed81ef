/**
 * One language: key → [name, description]. A key is the English command name, or `command.option`.
 * Names are what people type: lower case, no spaces, at most 32 characters; descriptions at most 100.
 */
export type Locale = Readonly<Record<string, readonly [name: string, description: string]>>;
