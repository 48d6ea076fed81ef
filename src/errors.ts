/**
 * Every error a person can meet, by stable code. Scripts may rely on a code; wording may change.
 * Add a code here when you add a failure; never reuse one for another meaning.
 */
export type ErrorCode =
  // usage: the person asked for something that does not exist or does not fit (exit code 2)
  | 'USAGE'
  | 'UNKNOWN_ENGINE'
  | 'UNKNOWN_MODEL'
  | 'INVALID_SETTING'
  | 'TEXT_UNKNOWN_CHARACTERS'
  // files and formats
  | 'FILE_NOT_FOUND'
  | 'FILE_INVALID'
  | 'FILE_CHECKSUM'
  | 'GGUF_INVALID'
  | 'TEMPLATE_FAILED'
  | 'DOWNLOAD_FAILED'
  | 'MODEL_TOO_LARGE'
  // engines and their host
  | 'ENGINE_LOAD_FAILED'
  | 'ENGINE_CRASHED'
  | 'ENGINE_OUT_OF_MEMORY'
  | 'ENGINE_UNSUPPORTED'
  | 'ENGINE_CLOSED'
  | 'HOST_PROTOCOL'
  | 'CONTEXT_FULL'
  // remote engines
  | 'REMOTE_UNREACHABLE'
  | 'REMOTE_REFUSED'
  | 'REMOTE_FAILED'
  // native TensorFlow
  | 'TENSORFLOW_UNAVAILABLE'
  | 'TENSORFLOW_SETUP_FAILED'
  // store
  | 'STORE_FAILED'
  | 'STORE_TOO_NEW'
  | 'CONVERSATION_NOT_FOUND'
  // training
  | 'DATASET_UNAVAILABLE'
  | 'CHECKPOINT_INVALID'
  | 'TRAINING_FAILED'
  // the Discord bot
  | 'BOT_CONFIG'
  | 'BOT_TOKEN'
  | 'BOT_INTENTS'
  | 'BOT_UNREACHABLE'
  | 'QUEUE_FULL'
  | 'QUEUE_COOLDOWN'
  // anything that should not happen
  | 'INTERNAL';

/** The form in which an error crosses a process border. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

const usageCodes: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'UNKNOWN_ENGINE',
  'UNKNOWN_MODEL',
  'INVALID_SETTING',
  'TEXT_UNKNOWN_CHARACTERS',
]);

/**
 * An error meant for a person: `message` says what happened, actual against expected;
 * `hint` says what to do next; `cause` keeps what was underneath.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  /** 2 for wrong usage, 1 for every other failure. */
  get exitCode(): 1 | 2 {
    return usageCodes.has(this.code) ? 2 : 1;
  }

  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }

  static fromWire(wire: WireError): AppError {
    return new AppError(wire.code, wire.message, wire.hint === undefined ? {} : { hint: wire.hint });
  }

  /** Wraps anything thrown into an AppError; an AppError passes through untouched. */
  static from(error: unknown, code: ErrorCode = 'INTERNAL'): AppError {
    if (error instanceof AppError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new AppError(code, message, { cause: error });
  }
}
