/**
 * Opens a root: finds out what it really is, and which way of reaching files this system allows.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { resolveRoot } from "./confine.ts";
import type { Reach } from "./reach.ts";
import { DescriptorReach, findDescriptorPrefix } from "./reach-descriptor.ts";
import { PortableReach } from "./reach-portable.ts";
import { StoreError } from "./store-error.ts";
import type { UnfinishedLimits } from "./unfinished-record.ts";

export type DiskOptions = {
  /** Forces one way of reaching files, for tests; by default the best that the system allows. */
  readonly way?: "descriptor" | "portable";
  readonly clock?: Clock;
  /** Of uploads that are resumed. */
  readonly unfinished?: Partial<UnfinishedLimits>;
  /** Descriptor numbers from here on are not for files: what would get one is answered `busy`. None by default. */
  readonly descriptorCeiling?: number;
};

/**
 * Goes by descriptors where `/proc` shows them (Linux), otherwise the portable way.
 *
 * @throws {StoreError} as {@link resolveRoot}; `failed` when the forced way is not to be had.
 */
export function openReach(path: string, options: DiskOptions = {}): Reach {
  const root = resolveRoot(path);
  const clock = options.clock ?? systemClock;
  if (options.way === "portable") return new PortableReach(root, clock);
  const prefix = findDescriptorPrefix(root);
  if (prefix !== undefined) {
    return new DescriptorReach(root, { clock, prefix, ceiling: options.descriptorCeiling });
  }
  if (options.way === "descriptor")
    throw new StoreError("failed", "This system shows no descriptors in /proc");
  return new PortableReach(root, clock);
}
