import { describe, expect, test } from "bun:test";
import { allowsRange, decideConditions, type Validators } from "../../src/semantics/conditions.ts";
import { parseEntityTag } from "../../src/semantics/entity-tag.ts";

const MODIFIED_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const NOW_MS = MODIFIED_MS + 86_400_000;
const EARLIER = "Fri, 02 Jan 2026 03:04:04 GMT";
const SAME = "Fri, 02 Jan 2026 03:04:05 GMT";
const LATER = "Fri, 02 Jan 2026 03:04:06 GMT";

const CURRENT: Validators = { tag: parseEntityTag('"v1"'), modifiedMs: MODIFIED_MS };
const WEAK: Validators = { tag: parseEntityTag('W/"v1"'), modifiedMs: MODIFIED_MS };
const NO_TAG: Validators = { tag: undefined, modifiedMs: MODIFIED_MS };
const NO_DATE: Validators = { tag: parseEntityTag('"v1"'), modifiedMs: undefined };
const SUB_SECOND: Validators = { tag: parseEntityTag('"v1"'), modifiedMs: MODIFIED_MS + 999 };

type FieldValues = Readonly<Record<string, string>>;
type Decision = ReturnType<typeof decideConditions>;
type Row = readonly [
  method: string,
  fields: FieldValues,
  current: Validators | undefined,
  decision: Decision,
];

const IM = "if-match";
const INM = "if-none-match";
const IMS = "if-modified-since";
const IUS = "if-unmodified-since";

function decide(
  method: string,
  fields: FieldValues,
  current: Validators | undefined,
  nowMs = NOW_MS,
): Decision {
  return decideConditions(method, (name) => fields[name], current, nowMs);
}

const IF_MATCH: readonly Row[] = [
  ["GET", { [IM]: "*" }, CURRENT, "proceed"],
  ["GET", { [IM]: "*" }, undefined, "failed"],
  ["GET", { [IM]: "*" }, NO_TAG, "proceed"],
  ["GET", { [IM]: '"v1"' }, CURRENT, "proceed"],
  ["GET", { [IM]: '"v2"' }, CURRENT, "failed"],
  ["HEAD", { [IM]: '"v2"' }, CURRENT, "failed"],
  ["PUT", { [IM]: '"v1"' }, CURRENT, "proceed"],
  ["PUT", { [IM]: '"v2"' }, CURRENT, "failed"],
  ["PUT", { [IM]: '"v2", "v1"' }, CURRENT, "proceed"],
  ["PUT", { [IM]: '"v1"' }, undefined, "failed"],
  ["PUT", { [IM]: "*" }, undefined, "failed"],
  ["POST", { [IM]: '"v2"' }, CURRENT, "failed"],
  ["DELETE", { [IM]: '"v2"' }, CURRENT, "failed"],
  ["PUT", { [IM]: 'W/"v1"' }, CURRENT, "failed"],
  ["PUT", { [IM]: '"v1"' }, WEAK, "failed"],
  ["PUT", { [IM]: 'W/"v1"' }, WEAK, "failed"],
  ["PUT", { [IM]: '"v1"' }, NO_TAG, "failed"],
  ["PUT", { [IM]: "v1" }, CURRENT, "failed"],
  ["PUT", { [IM]: '"v1", junk' }, CURRENT, "failed"],
  ["GET", { [IM]: "" }, CURRENT, "failed"],
];

const IF_UNMODIFIED_SINCE: readonly Row[] = [
  ["GET", { [IUS]: EARLIER }, CURRENT, "failed"],
  ["GET", { [IUS]: SAME }, CURRENT, "proceed"],
  ["GET", { [IUS]: LATER }, CURRENT, "proceed"],
  ["PUT", { [IUS]: EARLIER }, CURRENT, "failed"],
  ["PUT", { [IUS]: SAME }, CURRENT, "proceed"],
  ["PUT", { [IUS]: SAME }, SUB_SECOND, "proceed"],
  ["PUT", { [IUS]: EARLIER }, NO_DATE, "proceed"],
  ["PUT", { [IUS]: EARLIER }, undefined, "proceed"],
  ["PUT", { [IUS]: "yesterday" }, CURRENT, "proceed"],
  ["PUT", { [IUS]: `${EARLIER}, ${EARLIER}` }, CURRENT, "proceed"],
  // Ignored beside If-Match (§13.1.4).
  ["PUT", { [IM]: '"v1"', [IUS]: EARLIER }, CURRENT, "proceed"],
  ["PUT", { [IM]: '"v2"', [IUS]: LATER }, CURRENT, "failed"],
];

const IF_NONE_MATCH: readonly Row[] = [
  ["GET", { [INM]: '"v1"' }, CURRENT, "not-modified"],
  ["HEAD", { [INM]: '"v1"' }, CURRENT, "not-modified"],
  ["GET", { [INM]: '"v2"' }, CURRENT, "proceed"],
  ["GET", { [INM]: 'W/"v1"' }, CURRENT, "not-modified"],
  ["GET", { [INM]: '"v1"' }, WEAK, "not-modified"],
  ["GET", { [INM]: '"v0", W/"v1"' }, CURRENT, "not-modified"],
  ["GET", { [INM]: '"v0" , ,"v2"' }, CURRENT, "proceed"],
  ["GET", { [INM]: "*" }, CURRENT, "not-modified"],
  ["GET", { [INM]: "*" }, undefined, "proceed"],
  ["GET", { [INM]: '"v1"' }, undefined, "proceed"],
  ["GET", { [INM]: '"v1"' }, NO_TAG, "proceed"],
  ["PUT", { [INM]: "*" }, undefined, "proceed"],
  ["PUT", { [INM]: "*" }, CURRENT, "failed"],
  ["PUT", { [INM]: '"v1"' }, CURRENT, "failed"],
  ["PUT", { [INM]: 'W/"v1"' }, CURRENT, "failed"],
  ["PUT", { [INM]: '"v2"' }, CURRENT, "proceed"],
  ["POST", { [INM]: "*" }, CURRENT, "failed"],
  // Malformed: read safely (module comment).
  ["GET", { [INM]: "v1" }, CURRENT, "proceed"],
  ["GET", { [INM]: '"v1", junk' }, CURRENT, "proceed"],
  ["PUT", { [INM]: "v1" }, CURRENT, "failed"],
  ["PUT", { [INM]: "v1" }, undefined, "proceed"],
  ["get", { [INM]: '"v1"' }, CURRENT, "failed"],
];

const IF_MODIFIED_SINCE: readonly Row[] = [
  ["GET", { [IMS]: EARLIER }, CURRENT, "proceed"],
  ["GET", { [IMS]: SAME }, CURRENT, "not-modified"],
  ["GET", { [IMS]: LATER }, CURRENT, "not-modified"],
  ["HEAD", { [IMS]: SAME }, CURRENT, "not-modified"],
  ["GET", { [IMS]: SAME }, SUB_SECOND, "not-modified"],
  ["GET", { [IMS]: "Friday, 02-Jan-26 03:04:05 GMT" }, CURRENT, "not-modified"],
  ["GET", { [IMS]: "Fri Jan  2 03:04:05 2026" }, CURRENT, "not-modified"],
  ["GET", { [IMS]: "Fri, 01 Jan 2100 00:00:00 GMT" }, CURRENT, "not-modified"],
  ["GET", { [IMS]: "garbage" }, CURRENT, "proceed"],
  ["GET", { [IMS]: "" }, CURRENT, "proceed"],
  ["GET", { [IMS]: "Fri, 02 Jan 2026 03:04:05 EST" }, CURRENT, "proceed"],
  ["GET", { [IMS]: `${SAME}, ${SAME}` }, CURRENT, "proceed"],
  ["GET", { [IMS]: LATER }, NO_DATE, "proceed"],
  ["GET", { [IMS]: LATER }, undefined, "proceed"],
  ["PUT", { [IMS]: LATER }, CURRENT, "proceed"],
  ["POST", { [IMS]: LATER }, CURRENT, "proceed"],
  // Ignored beside If-None-Match, even one that is malformed (§13.1.3).
  ["GET", { [INM]: '"v2"', [IMS]: LATER }, CURRENT, "proceed"],
  ["GET", { [INM]: '"v1"', [IMS]: EARLIER }, CURRENT, "not-modified"],
  ["GET", { [INM]: "junk", [IMS]: LATER }, CURRENT, "proceed"],
];

const ORDER: readonly Row[] = [
  ["GET", { [IM]: '"v1"', [INM]: '"v1"' }, CURRENT, "not-modified"],
  ["GET", { [IM]: '"v2"', [INM]: '"v1"' }, CURRENT, "failed"],
  ["GET", { [IUS]: EARLIER, [INM]: '"v1"' }, CURRENT, "failed"],
  ["GET", { [IUS]: LATER, [IMS]: LATER }, CURRENT, "not-modified"],
  ["GET", { [IUS]: EARLIER, [IMS]: LATER }, CURRENT, "failed"],
  ["GET", { [IM]: "*", [IMS]: LATER }, CURRENT, "not-modified"],
  ["PUT", { [IM]: '"v1"', [INM]: "*" }, CURRENT, "failed"],
  ["GET", {}, CURRENT, "proceed"],
  ["GET", {}, undefined, "proceed"],
  ["OPTIONS", { [IM]: '"v2"', [INM]: "*" }, CURRENT, "proceed"],
  ["TRACE", { [IM]: '"v2"' }, CURRENT, "proceed"],
  ["CONNECT", { [IM]: '"v2"' }, CURRENT, "proceed"],
];

describe("decideConditions()", () => {
  test.each(IF_MATCH)("If-Match (RFC 9110 §13.1.1): %s %j on %j: %s", (method, fields, current, decision) => {
    expect(decide(method, fields, current)).toBe(decision);
  });

  test.each(IF_UNMODIFIED_SINCE)(
    "If-Unmodified-Since (RFC 9110 §13.1.4): %s %j on %j: %s",
    (method, fields, current, decision) => {
      expect(decide(method, fields, current)).toBe(decision);
    },
  );

  test.each(IF_NONE_MATCH)(
    "If-None-Match (RFC 9110 §13.1.2): %s %j on %j: %s",
    (method, fields, current, decision) => {
      expect(decide(method, fields, current)).toBe(decision);
    },
  );

  test.each(IF_MODIFIED_SINCE)(
    "If-Modified-Since (RFC 9110 §13.1.3): %s %j on %j: %s",
    (method, fields, current, decision) => {
      expect(decide(method, fields, current)).toBe(decision);
    },
  );

  test.each(ORDER)(
    "precedence (RFC 9110 §13.2.1, §13.2.2): %s %j on %j: %s",
    (method, fields, current, decision) => {
      expect(decide(method, fields, current)).toBe(decision);
    },
  );

  test("counts a modification before 1970 in whole seconds too", () => {
    const current: Validators = { tag: undefined, modifiedMs: -1 };
    expect(decide("GET", { [IMS]: "Wed, 31 Dec 1969 23:59:59 GMT" }, current)).toBe("not-modified");
    expect(decide("GET", { [IMS]: "Wed, 31 Dec 1969 23:59:58 GMT" }, current)).toBe("proceed");
  });
});

describe("allowsRange()", () => {
  test.each<readonly [value: string | undefined, current: Validators, allowed: boolean]>([
    [undefined, CURRENT, true],
    ['"v1"', CURRENT, true],
    ['"v2"', CURRENT, false],
    ['W/"v1"', CURRENT, false],
    ['W/"v1"', WEAK, false],
    ['"v1"', WEAK, false],
    ['"v1"', NO_TAG, false],
    ['"v1", "v2"', CURRENT, false],
    ["*", CURRENT, false],
    ["v1", CURRENT, false],
    ["", CURRENT, false],
    [SAME, CURRENT, true],
    [SAME, SUB_SECOND, true],
    ["Friday, 02-Jan-26 03:04:05 GMT", CURRENT, true],
    [EARLIER, CURRENT, false],
    [LATER, CURRENT, false],
    [SAME, NO_DATE, false],
    ["Fri, 02 Jan 2026", CURRENT, false],
  ])("If-Range %p on %j: %p (RFC 9110 §13.1.5)", (value, current, allowed) => {
    expect(allowsRange((name) => (name === "if-range" ? value : undefined), current, NOW_MS)).toBe(allowed);
  });

  test.each([
    [MODIFIED_MS + 1000, true],
    [MODIFIED_MS + 999, false],
    [MODIFIED_MS, false],
    [MODIFIED_MS - 5000, false],
  ])(
    "at %p, the date of a modification one second back at least is strong: %p (RFC 9110 §8.8.2.2)",
    (nowMs, allowed) => {
      expect(allowsRange(() => SAME, CURRENT, nowMs)).toBe(allowed);
    },
  );

  test("lets a tag decide however fresh the modification is", () => {
    expect(allowsRange(() => '"v1"', CURRENT, MODIFIED_MS)).toBe(true);
  });
});
