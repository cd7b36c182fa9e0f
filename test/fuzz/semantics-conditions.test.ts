/**
 * Preconditions in every combination, against the list of RFC 9110 §13.2.2 written down a second time. `NETFILE_FUZZ_RUNS` sets
 * the number of runs.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { decideConditions, type Validators } from "../../src/semantics/conditions.ts";
import { formatEntityTag, parseEntityTag } from "../../src/semantics/entity-tag.ts";
import { formatHttpDate } from "../../src/semantics/http-date.ts";
import { FUZZ_TIMEOUT_MS } from "./runs.ts";

setDefaultTimeout(FUZZ_TIMEOUT_MS);

fc.configureGlobal({ numRuns: 5 * Number(process.env["NETFILE_FUZZ_RUNS"] ?? 300) });

const NOW_MS = Date.UTC(2026, 10, 21, 12);

const tags = fc.constantFrom(undefined, "*", '"a"', '"b"', 'W/"a"', '"b", "a"', "junk");
const dates = fc.constantFrom(undefined, 1000, 2000, 3000, Number.NaN);
const cases = fc.record({
  method: fc.constantFrom("GET", "HEAD", "PUT", "POST"),
  ifMatch: tags,
  ifUnmodifiedMs: dates,
  ifNoneMatch: tags,
  ifModifiedMs: dates,
  current: fc.constantFrom<Validators | undefined>(
    undefined,
    { tag: parseEntityTag('"a"'), modifiedMs: 2000 },
    { tag: parseEntityTag('W/"a"'), modifiedMs: 2999 },
    { tag: undefined, modifiedMs: undefined },
  ),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** Not a number stands for text that is no date. */
function dateText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : (formatHttpDate(ms) ?? "junk");
}

function isIn(list: string, tag: string | undefined, compare: "strong" | "weak"): boolean {
  if (tag === undefined) return false;
  if (compare === "strong") return tag.startsWith('"') && list.split(", ").includes(tag);
  return list
    .split(", ")
    .map((one) => one.replace("W/", ""))
    .includes(tag.replace("W/", ""));
}

function naive({ method, ifMatch, ifUnmodifiedMs, ifNoneMatch, ifModifiedMs, current }: Case): string {
  const tag = current?.tag === undefined ? undefined : formatEntityTag(current.tag);
  const modifiedMs = Math.floor((current?.modifiedMs ?? Number.NaN) / 1000) * 1000;
  const isRead = method === "GET" || method === "HEAD";
  if (ifMatch === "*" && current === undefined) return "failed";
  if (ifMatch !== undefined && ifMatch !== "*" && !isIn(ifMatch, tag, "strong")) return "failed";
  if (ifMatch === undefined && modifiedMs > (ifUnmodifiedMs ?? Number.NaN)) return "failed";
  if (ifNoneMatch === undefined) {
    return isRead && modifiedMs <= (ifModifiedMs ?? Number.NaN) ? "not-modified" : "proceed";
  }
  const isGuardUnread = ifNoneMatch === "junk" && !isRead;
  const matches = ifNoneMatch === "*" || isGuardUnread || isIn(ifNoneMatch, tag, "weak");
  if (current === undefined || !matches) return "proceed";
  return isRead ? "not-modified" : "failed";
}

describe("decideConditions()", () => {
  test("follows the steps of RFC 9110 §13.2.2 in every combination", () => {
    fc.assert(
      fc.property(cases, (one) => {
        const fields: Readonly<Record<string, string | undefined>> = {
          "if-match": one.ifMatch,
          "if-unmodified-since": dateText(one.ifUnmodifiedMs),
          "if-none-match": one.ifNoneMatch,
          "if-modified-since": dateText(one.ifModifiedMs),
        };
        const decision = decideConditions(one.method, (name) => fields[name], one.current, NOW_MS);
        expect<string>(decision).toBe(naive(one));
      }),
    );
  });
});
