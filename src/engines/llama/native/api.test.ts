import { expect, test } from 'vitest';
import { openLibrary } from './library.ts';

/**
 * Where the structures' fields lie: llama.h gives every field of these a default, and one that lay
 * elsewhere would show another field's. The numbers are those of llama.cpp's release `apiRelease`.
 */
test('the parameters of a model are those of llama.h', async () => {
  const { api } = await openLibrary();
  expect(api.modelDefaults()).toEqual({
    ...{ devices: null, tensor_buft_overrides: null, n_gpu_layers: -1, split_mode: 1, load_mode: -1 },
    ...{ lazy_mode: 1, main_gpu: 0, tensor_split: null, progress_callback: null },
    ...{ progress_callback_user_data: null, kv_overrides: null, vocab_only: false, check_tensors: false },
    ...{ use_extra_bufts: true, no_host: false, no_alloc: false, load_mtp: false },
  });
});

test('the parameters of a context are those of llama.h', async () => {
  const { api } = await openLibrary();
  expect(api.contextDefaults()).toEqual({
    ...{ n_ctx: 512, n_batch: 2048, n_ubatch: 512, n_seq_max: 1, n_rs_seq: 0, n_outputs_max: 0 },
    ...{ n_outputs_max_per_seq: 1, n_threads: 4, n_threads_batch: 4, ctx_type: 0, rope_scaling_type: -1 },
    ...{ pooling_type: -1, attention_type: -1, flash_attn_type: -1, rope_freq_base: 0, rope_freq_scale: 0 },
    ...{ yarn_ext_factor: -1, yarn_attn_factor: -1, yarn_beta_fast: -1, yarn_beta_slow: -1 },
    ...{ yarn_orig_ctx: 0, defrag_thold: -1, cb_eval: null, cb_eval_user_data: null, type_k: 1, type_v: 1 },
    ...{ abort_callback: null, abort_callback_data: null, embeddings: false, offload_kqv: true },
    ...{ no_perf: true, op_offload: true, swa_full: true, kv_unified: false, samplers: null },
    ...{ n_samplers: 0, ctx_other: null },
  });
});

test('the parameters of a thread pool are those of ggml.h', async () => {
  const { api } = await openLibrary();
  const { n_threads, poll, ...rest } = api.threadPoolDefaults(3);
  expect({ n_threads, poll }).toEqual({ n_threads: 3, poll: 50 });
  expect(rest).toMatchObject({ prio: 0, strict_cpu: false, paused: false });
});

test('a batch is what llama_batch_init made', async () => {
  const { api } = await openLibrary();
  const batch = api.createBatch(4, 0, 1);
  expect(batch).toMatchObject({ n_tokens: 0, embd: null });
  for (const field of ['token', 'pos', 'n_seq_id', 'seq_id', 'logits'] as const) {
    expect(batch[field], field).toBeGreaterThan(0n);
  }
  api.freeBatch(batch);
});
