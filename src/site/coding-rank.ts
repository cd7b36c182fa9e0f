/**
 * Which codings a client accepts, best first; remembered, since the same few Accept-Encoding fields come again and again.
 */
import { chooseCoding, type Coding } from "../semantics/negotiation.ts";

/** What can be made while it is sent, in the order of preference: zstd costs the least for what it saves. */
export const COMPUTED_CODINGS: readonly Coding[] = ["zstd", "br", "gzip", "identity"];
export const ONLY_IDENTITY: readonly Coding[] = ["identity"];

const MAX_REMEMBERED = 256;

const remembered = new Map<readonly Coding[], Map<string, readonly Coding[]>>();

/**
 * Orders those of `offered` that the client accepts by its preference, then by the order given (RFC 9110 §12.5.3).
 *
 * @param offered a constant of the caller: what was found out is remembered by it.
 */
export function rankCodings(acceptEncoding: string, offered: readonly Coding[]): readonly Coding[] {
  let known = remembered.get(offered);
  if (known === undefined) {
    known = new Map();
    remembered.set(offered, known);
  }
  let ranked = known.get(acceptEncoding);
  if (ranked === undefined) {
    ranked = rank(acceptEncoding, offered);
    // SECURITY: bounded, as the fields are the clients' to choose.
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(acceptEncoding, ranked);
  }
  return ranked;
}

/** The one of {@link rankCodings} that is best; `undefined` when none is accepted (406). */
export function bestCoding(acceptEncoding: string, offered: readonly Coding[]): Coding | undefined {
  return rankCodings(acceptEncoding, offered)[0];
}

function rank(acceptEncoding: string, offered: readonly Coding[]): readonly Coding[] {
  const ranked: Coding[] = [];
  let rest = offered;
  for (;;) {
    const best = chooseCoding(acceptEncoding, rest);
    if (best === undefined) return ranked;
    ranked.push(best);
    rest = rest.filter((coding) => coding !== best);
  }
}
