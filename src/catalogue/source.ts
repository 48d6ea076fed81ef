import { z } from 'zod';
import { AppError } from '../errors.ts';
import { partNames, withoutPart } from '../formats/gguf/split.ts';
import { curatedModels } from './curated.ts';
import { failed, get } from './http.ts';

/** Where one file comes from, and what is known of it before a byte is fetched. */
interface SourceFile {
  /** https address, or a path on this machine. */
  readonly address: string;
  readonly bytes: number | undefined;
  readonly sha256: string | undefined;
}

/** Where a model comes from. */
export interface ModelSource {
  /** Folder name and id once installed. */
  readonly id: string;
  /** One, or all parts of a split model in order. */
  readonly files: readonly SourceFile[];
  readonly license: string | undefined;
}

export interface SourceOptions {
  /** Default: HF_ENDPOINT, else the public hub. */
  readonly hub: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

const hubAnswer = z.object({
  cardData: z.object({ license: z.string().optional() }).optional(),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.number().optional(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number() }).optional(),
    }),
  ),
});

/**
 * Understands what a person wrote: an alias of the curated list, `hf:owner/repo/file.gguf`,
 * `hf:owner/repo:Q4_K_M`, an https address, or a path.
 * @throws AppError USAGE, UNKNOWN_MODEL, DOWNLOAD_FAILED
 */
export async function findSource(ref: string, options: SourceOptions): Promise<ModelSource> {
  const written = curatedModels.find(({ alias }) => alias === ref)?.ref ?? ref;
  const hub = /^hf:([\w.-]+\/[\w.-]+)(?:[:]([\w.-]+)|\/([\w./-]+[.]gguf))$/.exec(written);
  if (hub) return findOnHub(hub[1]!, { tag: hub[2], file: hub[3] }, options);
  if (written.startsWith('hf:')) {
    throw new AppError(
      'USAGE',
      `"${ref}" is neither hf:owner/repo/file.gguf nor hf:owner/repo:quantization.`,
    );
  }
  const url = /^https?:/.test(written) && URL.canParse(written) ? new URL(written) : undefined;
  const name = url?.pathname ?? written;
  const files = (partNames(name) ?? [name]).map((part) => ({
    address: url === undefined ? part : Object.assign(new URL(url), { pathname: part }).href,
    bytes: undefined,
    sha256: undefined,
  }));
  return { id: idOf(name), files, license: undefined };
}

async function findOnHub(
  repository: string,
  wanted: { tag: string | undefined; file: string | undefined },
  { hub, token, signal }: SourceOptions,
): Promise<ModelSource> {
  const response = await get(`${hub}/api/models/${repository}?blobs=true`, { token, signal });
  if (!response.ok) throw refused(response.status, repository);
  const answer = hubAnswer.safeParse(await response.json());
  if (!answer.success) throw failed(`the hub's answer about ${repository} makes no sense`);
  const { siblings, cardData } = answer.data;
  const files = siblings.filter(({ rfilename }) => rfilename.endsWith('.gguf'));
  const tag = wanted.tag?.toLowerCase();
  const named = new RegExp(`(^|[-._/])${tag?.replace(/[.]/g, '[.]')}([-._]|$)`);
  const found = files.find(({ rfilename }) =>
    tag === undefined ? rfilename === wanted.file : named.test(rfilename.toLowerCase()),
  );
  if (found === undefined) {
    const names = files.map(({ rfilename }) => rfilename).join(', ') || 'none';
    throw new AppError('UNKNOWN_MODEL', `${repository} has no such GGUF file. It has: ${names}.`);
  }
  const parts = (partNames(found.rfilename) ?? [found.rfilename]).map((name) => {
    const part = files.find(({ rfilename }) => rfilename === name);
    if (part !== undefined) return part;
    throw new AppError('UNKNOWN_MODEL', `${repository} has ${found.rfilename} but not ${name}.`);
  });
  return {
    id: idOf(found.rfilename),
    files: parts.map(({ rfilename, size, lfs }) => ({
      address: `${hub}/${repository}/resolve/main/${rfilename.split('/').map(encodeURIComponent).join('/')}`,
      bytes: lfs?.size ?? size,
      sha256: lfs?.sha256,
    })),
    license: cardData?.license,
  };
}

/** What a status means for a person. */
export function refused(status: number, what: string): AppError {
  if (status === 401 || status === 403) {
    return failed(`${what} needs permission (${status})`, 'Set HF_TOKEN to a token that may read it.');
  }
  return failed(`the server answered ${status} for ${what}`);
}

/** `Some-Model.Q4_K_M.gguf` → `some-model.q4_k_m`, also of a part of several */
function idOf(name: string): string {
  const base = withoutPart(name)
    .split(/[/\\]/)
    .at(-1)!
    .replace(/[.]gguf$/i, '')
    .toLowerCase();
  const id = base.replace(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+/, '');
  if (id === '') throw new AppError('USAGE', `${JSON.stringify(name)} does not name a GGUF file.`);
  return id;
}
