import { quantityNano } from "../quantity.ts";

const NANO_PER_MILLI = 1_000_000n;

/** Rounds amounts up, away from zero, to thousandths: the finest that the original stores. */
export function defaultResourceList(amounts: Record<string, string | number> | undefined): void {
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    const nano = quantityNano(amount);
    if (nano === undefined || nano % NANO_PER_MILLI === 0n || amounts === undefined) continue;
    const milli = nano / NANO_PER_MILLI + (nano > 0n ? 1n : -1n);
    amounts[name] = milli % 1000n === 0n ? `${milli / 1000n}` : `${milli}m`;
  }
}
