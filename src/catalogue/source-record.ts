import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({
  /** What the person wrote. */
  ref: z.string(),
  /** As the hub says. */
  license: z.string().optional(),
  files: z.array(z.object({ name: z.string(), address: z.string(), bytes: z.number(), sha256: z.string() })),
});

/** Where an installed model came from: `source.json` in its folder. */
export type SourceRecord = z.infer<typeof recordSchema>;

export const sourceRecordName = 'source.json';

/** Undefined for a model that was not pulled. */
export async function readSourceRecord(folder: string): Promise<SourceRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(path.join(folder, sourceRecordName), 'utf8')));
  } catch {
    return undefined;
  }
}
