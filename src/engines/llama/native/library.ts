import type { Llama } from 'node-llama-cpp';
import { AppError } from '../../../errors.ts';
import { type Api, apiRelease, declareApi } from './api.ts';

/** llama.cpp in this process. */
export interface Library {
  /** Version of llama.cpp. */
  readonly release: string;
  readonly llama: Llama;
  readonly api: Api;
  /** What llama.cpp said last, since `forgetComplaints`. */
  complaints(): Promise<string>;
  forgetComplaints(): void;
}

let library: Promise<Library> | undefined;

/**
 * node-llama-cpp finds the binary for this processor, tries it out in another process and loads it; the
 * functions are then taken from the libraries that it loaded. Once a process.
 * @throws AppError ENGINE_LOAD_FAILED when the binary is of another release than the declarations
 */
export function openLibrary(): Promise<Library> {
  library ??= loadLibrary();
  return library;
}

async function loadLibrary(): Promise<Library> {
  const lines: string[] = [];
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    logger: (_level, message) => lines.push(message.trim()),
  });
  const { release } = llama.llamaCppRelease;
  if (release !== apiRelease) {
    throw new AppError(
      'ENGINE_LOAD_FAILED',
      `node-llama-cpp loaded llama.cpp ${release}, this version of babble speaks to ${apiRelease}.`,
      { hint: 'Run `npm ci`: it installs the binaries that belong together.' },
    );
  }
  const [llamaFile, ggml, ggmlBase] = ['llama', 'ggml', 'ggml-base'].map(fileOfLibrary);
  return {
    release,
    llama,
    api: declareApi({ llama: llamaFile!, ggml: ggml!, ggmlBase: ggmlBase! }),
    async complaints() {
      await new Promise(setImmediate); // what it says comes as an event
      return lines.slice(-3).join('; ');
    },
    forgetComplaints() {
      lines.length = 0;
    },
  };
}

/** Where a library that is loaded came from: `libggml.so`, `libggml.v0.5.0.so`, `ggml.dll`, …. */
function fileOfLibrary(name: string): string {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
  report.excludeNetwork = true; // it would look up names
  const { sharedObjects } = report.getReport() as { sharedObjects: readonly string[] };
  const pattern = new RegExp(`[\\\\/](lib)?${name}([.]v?[\\d.]+)?[.](so|dylib|dll)([.\\d]+)?$`, 'i');
  const file = sharedObjects.find((path) => pattern.test(path));
  if (file !== undefined) return file;
  throw new AppError('ENGINE_LOAD_FAILED', `llama.cpp's library ${name} is not among those loaded.`, {
    hint: 'Run `npm ci`. A build of your own must have shared libraries.',
  });
}
