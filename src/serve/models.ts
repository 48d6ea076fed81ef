import type { EngineInfo } from '../engines/engine.ts';
import type { EnginePool, Offer } from './pool.ts';

/** An entry of the model list; `babble` holds what is known of the model, all of it once it is loaded. */
function entry(offer: Offer, info: EngineInfo | undefined): object {
  const facts = info && { ...info, capabilities: [...info.capabilities] };
  return {
    id: offer.id,
    object: 'model',
    created: 0,
    owned_by: 'babble',
    babble: { ...facts, engine: offer.engine },
  };
}

export function modelList(pool: EnginePool): object {
  return { object: 'list', data: pool.offers.map((offer) => entry(offer, pool.peek(offer.id)?.info)) };
}

/** One model in full: loads it, since only the engine knows all of it. */
export async function describeModel(pool: EnginePool, id: string, signal: AbortSignal): Promise<object> {
  const offer = pool.find(id);
  return entry(offer, await pool.with(offer, (client) => client.load(signal)));
}
