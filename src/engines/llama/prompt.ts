import { randomInt } from 'node:crypto';
import { AppError } from '../../errors.ts';
import type { GgufFile } from '../../formats/gguf/types.ts';
import type { Message } from '../engine.ts';
import type { Vocabulary } from './native/vocabulary.ts';
import type { TemplateRenderer } from './template.ts';

const controlTypes: ReadonlySet<number> = new Set([2, 3]); // unknown, control (llama.cpp's token types)

/** Turns what a person asked into the model's tokens. Text of theirs never becomes a special token. */
export class PromptBuilder {
  readonly #vocabulary: Vocabulary;
  readonly #template: string | undefined;
  readonly #renderer: TemplateRenderer;
  readonly #systemPrompt: string;
  readonly #specials: RegExp | undefined;
  readonly #alphabet: ReadonlySet<string> | undefined;

  /** @param systemPrompt for conversations that have none; '' leaves it to the template */
  constructor(vocabulary: Vocabulary, file: GgufFile, { template, renderer, systemPrompt }: PromptOptions) {
    this.#systemPrompt = systemPrompt;
    this.#vocabulary = vocabulary;
    this.#template = template;
    this.#renderer = renderer;
    const texts = tokenTexts(file);
    this.#specials = specialTexts(file, texts);
    this.#alphabet = characterVocabulary(texts);
  }

  /** Whether there is a template, so that messages can be answered. */
  get answersMessages(): boolean {
    return this.#template !== undefined;
  }

  /** @throws AppError TEXT_UNKNOWN_CHARACTERS for models of single characters */
  completion(prompt: string): number[] {
    this.#checkCharacters(prompt);
    return this.#withStart(this.#vocabulary.tokenize(prompt));
  }

  /**
   * Renders a conversation with the chat template. One that ends in an answer goes on from its words.
   * @throws AppError ENGINE_UNSUPPORTED without a template, TEMPLATE_FAILED
   */
  async chat(messages: readonly Message[]): Promise<number[]> {
    if (this.#template === undefined) {
      throw new AppError('ENGINE_UNSUPPORTED', 'This model has no chat template: it completes texts.', {
        hint: 'Give a prompt, or name a template with the setting chatTemplate.',
      });
    }
    const marks = newMarks();
    const marked = this.#withSystem(messages).map((message) => ({
      ...message,
      content: this.#mark(message.content, marks),
    }));
    const begun = marked.at(-1)?.role === 'assistant' ? marked.pop()!.content : '';
    const text = await this.#render(this.#template, marked);
    return this.#withStart(this.#tokenizeMarked(text + begun, marks));
  }

  async #render(template: string, messages: readonly Message[]): Promise<string> {
    const render = (list: readonly Message[]) =>
      this.#renderer.render(template, {
        messages: list,
        add_generation_prompt: true,
        bos_token: this.#vocabulary.textOf(this.#vocabulary.start),
        eos_token: this.#vocabulary.textOf(this.#vocabulary.end),
      });
    const [system, user, ...rest] = messages;
    if (system?.role !== 'system' || user?.role !== 'user') return render(messages);
    try {
      return await render(messages);
    } catch (error) {
      if (!(error instanceof AppError) || !/system/i.test(error.message)) throw error;
      // Some models know no system role and their templates say so: it goes before the first question.
      return render([{ role: 'user', content: `${system.content}\n\n${user.content}` }, ...rest]);
    }
  }

  /** A conversation without a system prompt gets the engine's; an empty one counts as none. */
  #withSystem(messages: readonly Message[]): readonly Message[] {
    const kept = messages.filter(({ role, content }) => role !== 'system' || content !== '');
    if (kept[0]?.role === 'system' || this.#systemPrompt === '') return kept;
    return [{ role: 'system', content: this.#systemPrompt }, ...kept];
  }

  /** Brackets every special token's text in what a person wrote. */
  #mark(content: string, { open, close }: Marks): string {
    if (this.#specials === undefined) return content;
    return content.replace(this.#specials, (special) => open + special + close);
  }

  /** Text outside the marks is the template's and may hold special tokens, text inside is only text. */
  #tokenizeMarked(text: string, { open, close }: Marks): number[] {
    return text.split(open).flatMap((part, index) => {
      const end = index === 0 ? 0 : part.indexOf(close);
      if (end < 0) throw new AppError('TEMPLATE_FAILED', 'The chat template tore a marked text apart.');
      const inside = part.slice(0, end);
      const outside = index === 0 ? part : part.slice(end + close.length);
      return [...this.#vocabulary.tokenize(inside, false), ...this.#vocabulary.tokenize(outside, true)];
    });
  }

  #withStart(tokens: readonly number[]): number[] {
    const start = this.#vocabulary.start ?? this.#vocabulary.end;
    if (start === undefined) return tokens.length > 0 ? [...tokens] : this.#vocabulary.tokenize('\n');
    const wanted = this.#vocabulary.addsStart || tokens.length === 0;
    return wanted && tokens[0] !== start ? [start, ...tokens] : [...tokens];
  }

  #checkCharacters(text: string): void {
    const unknown = new Set([...text].filter((character) => this.#alphabet?.has(character) === false));
    if (unknown.size === 0) return;
    throw new AppError(
      'TEXT_UNKNOWN_CHARACTERS',
      `The model knows ${this.#alphabet?.size} characters; ${JSON.stringify([...unknown].join(''))} are not among them.`,
    );
  }
}

export interface PromptOptions {
  readonly template: string | undefined;
  readonly renderer: TemplateRenderer;
  readonly systemPrompt: string;
}

interface Marks {
  readonly open: string;
  readonly close: string;
}

/** Private-use characters around digits nobody can guess; digits survive a template's upper and lower. */
function newMarks(): Marks {
  const nonce = `${randomInt(1e9)}${randomInt(1e9)}`;
  return { open: `\uE000${nonce}\uE001`, close: `\uE002${nonce}\uE003` };
}

function tokenTexts(file: GgufFile): readonly string[] {
  const entry = file.metadata.get('tokenizer.ggml.tokens');
  return entry?.type === 'array' && entry.of === 'string' ? (entry.value as readonly string[]) : [];
}

function specialTexts(file: GgufFile, texts: readonly string[]): RegExp | undefined {
  const types = file.metadata.get('tokenizer.ggml.token_type');
  if (types?.type !== 'array' || types.of !== 'int32') return undefined;
  const values = types.value as Int32Array;
  const specials = texts.filter((text, id) => text.length > 1 && controlTypes.has(values[id] ?? 0));
  if (specials.length === 0) return undefined;
  const longestFirst = specials.toSorted((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(escapeForRegExp).join('|'), 'g');
}

/** The characters of a vocabulary of single characters only (the toy models'), else undefined. */
function characterVocabulary(texts: readonly string[]): ReadonlySet<string> | undefined {
  const single = texts.every((text) => [...text].length === 1 || /^<\w+>$/.test(text));
  if (!single || texts.includes('<0x0A>')) return undefined;
  return new Set(texts.map((text) => (text === '▁' ? ' ' : text)));
}

const escapeForRegExp = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
