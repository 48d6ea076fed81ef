/** Discord ids: milliseconds since 2015 << 22, plus a counter that keeps them unique and in order. */
const epoch = 1_420_070_400_000n;
let counter = 0n;

export function snowflake(at = Date.now()): string {
  counter += 1n;
  return String(((BigInt(at) - epoch) << 22n) | (counter & 0x3fffffn));
}

/** Which shard a guild's events go to. */
export function shardOf(guildId: string, shardCount: number): number {
  return Number((BigInt(guildId) >> 22n) % BigInt(shardCount));
}
