import { listRemoteModels } from '../../engines/remote/engine.ts';
import { remoteInfo } from '../../engines/remote/models.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';

/** `babble models server`: what a server with an OpenAI-compatible interface offers, with what it tells of each. */
export async function serverCommand(
  address: string | undefined,
  { json }: { json?: boolean },
): Promise<void> {
  const { baseUrl, models } = await listRemoteModels(AbortSignal.timeout(60_000), { retries: 0 }, address);
  if (json) {
    process.stdout.write(`${safeJson(models)}\n`);
    return;
  }
  const number = (value: number) => (value === 0 ? '' : String(value));
  const rows = models.map((model) => {
    const { modelId, parameterCount, contextLength } = remoteInfo(model, undefined);
    return [modelId, number(parameterCount), number(contextLength)];
  });
  const table = formatTable(['model', 'parameters', 'context'], rows, { alignRight: [1, 2] });
  process.stdout.write(`${baseUrl}\n${table}`);
}
