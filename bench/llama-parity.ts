/**
 * The toy LLaMA in TensorFlow and, exported to GGUF, in llama.cpp: the same logits? Prints the largest
 * difference over 1,000 positions at fp32, and compares greedy texts. Takes the trained weights in
 * models/tiny-llama, or random ones of the same architecture while there are none.
 *
 *   npm run test:parity
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeModel } from '../src/engines/llama/native/model.ts';
import { readSettings } from '../src/engines/llama/settings.ts';
import { Decoder } from '../src/engines/shared/decoder.ts';
import { llamaForward, llamaShapes, llamaSize } from '../src/engines/tiny-llama/model.ts';
import { writeLlamaFile } from '../src/formats/gguf/llama-file.ts';
import type { ModelDescription } from '../src/formats/model-file.ts';
import { loadWeights, readModelFile } from '../src/formats/model-file.ts';
import { loadFloats, type StoredTensor, storeFloats } from '../src/formats/safetensors.ts';
import { loadTensorFlow } from '../src/tensor/index.ts';
import { Tape } from '../src/tensor/ops/tape.ts';

const positions = 1000;
const tolerance = 1e-3;
const greedyTokens = 100;
const shipped = fileURLToPath(new URL('../models/tiny-llama', import.meta.url));

const { description, tensors } = existsSync(path.join(shipped, 'model.json'))
  ? { description: await readModelFile(shipped), tensors: await loadWeights(shipped) }
  : randomModel();
const size = (name: 'nLayer' | 'nHead' | 'nEmbd' | 'nFf') => description.architecture[name]!;
const vocabSize = description.vocabulary.length;
const { contextLength } = description;
const config = {
  ...{ vocabSize, contextLength, nLayer: size('nLayer'), nHead: size('nHead') },
  ...{ nEmbd: size('nEmbd'), nFf: size('nFf') },
};

const folder = mkdtempSync(path.join(tmpdir(), 'babble-parity-'));
try {
  const file = path.join(folder, 'model.gguf');
  await writeLlamaFile(file, description, tensors, 'f32');
  await using native = await loadNative(file);
  const reference = await loadReference();
  const largest = await compareLogits(native, reference);
  const same = await compareGreedy(native, reference);
  console.log(`weights                  ${existsSync(shipped) ? 'models/tiny-llama' : 'random'}`);
  console.log(`positions                ${positions}`);
  console.log(`largest logit difference ${largest.toExponential(2)} (at most ${tolerance})`);
  console.log(`greedy text, ${greedyTokens} tokens  ${same ? 'the same' : 'DIFFERENT'}`);
  process.exitCode = largest <= tolerance && same ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

type Reference = (tokenIds: readonly number[]) => Float32Array;

/** Logits (T, V) of the TensorFlow model. */
async function loadReference(): Promise<Reference> {
  const { tf } = await loadTensorFlow();
  const shapes = llamaShapes(config);
  const weights = new Map(
    [...shapes].map(([name, shape]) => [name, { shape, data: loadFloats(tensors.get(name)!) }]),
  );
  const { e, parameters } = new Decoder(tf, {
    ...{ shapes, weights, contextLength },
    forward: (tape, all, tokens, cache) => llamaForward(tape, all, config, tokens, { cache }),
  });
  return (tokenIds) => {
    let logits = new Float32Array();
    e.scope(() => {
      const tokens = e.tensor(Int32Array.from(tokenIds), [1, tokenIds.length]);
      logits = e.read(llamaForward(new Tape(e, { dtype: 'float32' }), parameters, config, tokens).value);
    });
    return logits;
  };
}

function loadNative(file: string): Promise<NativeModel> {
  return NativeModel.load(
    file,
    { contextLength, vocabSize },
    readSettings({ kvType: 'f32', batchSize: contextLength }),
    { signal: new AbortController().signal, onProgress() {} },
  );
}

async function compareLogits(native: NativeModel, reference: Reference): Promise<number> {
  let largest = 0;
  for (let done = 0; done < positions; ) {
    const length = Math.min(contextLength - 1, positions - done);
    const tokenIds = Array.from({ length }, (_, i) => (31 * (done + i) + (i % 7) * 11) % vocabSize);
    const expected = reference(tokenIds);
    native.forget(0);
    const indexes = [...tokenIds.keys()];
    await native.decode(tokenIds, 0, indexes);
    for (const [position, index] of indexes.entries()) {
      const logits = native.logits(index);
      for (const [id, logit] of logits.entries()) {
        largest = Math.max(largest, Math.abs(logit - expected[position * vocabSize + id]!));
      }
    }
    done += length;
  }
  return largest;
}

async function compareGreedy(native: NativeModel, reference: Reference): Promise<boolean> {
  const likeliest = (logits: Float32Array) => logits.indexOf(Math.max(...logits));
  const ours = [0];
  const theirs = [0];
  native.forget(0);
  for (let i = 0; i < greedyTokens; i++) {
    ours.push(likeliest(reference(ours).slice(-vocabSize)));
    await native.decode(theirs.slice(-1), i, [0]);
    theirs.push(likeliest(native.logits(0)));
  }
  return ours.join() === theirs.join();
}

function randomModel(): { description: ModelDescription; tensors: ReadonlyMap<string, StoredTensor> } {
  const vocabulary = [..."\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const shapes = llamaShapes({ vocabSize: vocabulary.length, ...llamaSize });
  const tensors = new Map(
    [...shapes].map(([name, shape]) => {
      const count = shape.reduce((product, length) => product * length, 1);
      const centre = shape.length === 1 ? 1 : 0;
      return [
        name,
        storeFloats(
          Float32Array.from({ length: count }, () => centre + 0.2 * random()),
          shape,
        ),
      ];
    }),
  );
  const description: ModelDescription = {
    id: 'random',
    engine: 'tiny-llama',
    description: '',
    architecture: { ...llamaSize },
    parameterCount: 0,
    contextLength: llamaSize.contextLength,
    vocabulary,
    trainedOn: '',
    license: 'MIT',
    recipe: {},
    losses: {},
  };
  return { description, tensors };
}
