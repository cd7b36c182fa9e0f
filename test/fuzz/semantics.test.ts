/**
 * Properties of the field parsers and of the decisions made from them. `NETFILE_FUZZ_RUNS` sets the number of runs of each.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { resolveRangeField, spanLength } from "../../src/semantics/byte-range.ts";
import { layoutByteranges } from "../../src/semantics/byteranges-body.ts";
import { allowsRange, decideConditions } from "../../src/semantics/conditions.ts";
import { formatContentRange, parseContentRange } from "../../src/semantics/content-range.ts";
import * as digest from "../../src/semantics/digest.ts";
import { formatAttachment } from "../../src/semantics/disposition.ts";
import { formatEntityTag, parseEntityTag, parseEntityTagList } from "../../src/semantics/entity-tag.ts";
import { splitList } from "../../src/semantics/field-list.ts";
import { formDataBoundary } from "../../src/semantics/form-data.ts";
import { formatHttpDate, parseHttpDate } from "../../src/semantics/http-date.ts";
import { parseKeepAliveTimeout } from "../../src/semantics/keep-alive.ts";
import { parseMediaType } from "../../src/semantics/media-type.ts";
import { chooseCoding, chooseMediaType, type Coding } from "../../src/semantics/negotiation.ts";
import { parseRetryAfter } from "../../src/semantics/retry-after.ts";
import { parseDictionary } from "../../src/semantics/structured-dictionary.ts";
import { FUZZ_TIMEOUT_MS } from "./runs.ts";

setDefaultTimeout(FUZZ_TIMEOUT_MS);

fc.configureGlobal({ numRuns: Number(process.env["NETFILE_FUZZ_RUNS"] ?? 300) });

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const CODINGS: readonly Coding[] = ["br", "zstd", "gzip", "identity"];

/** Text near to what the parsers read: pieces of their grammars, strung together. */
const SIGNS = "= , ; : \" \\ ' * - / ( ) ? @ % . 0 1 9 a Z ä ÿ €".split(" ");
const PIECES = [
  ...SIGNS,
  " ",
  "\t",
  "\0",
  "\r\n",
  "bytes",
  "bytes=",
  "0-",
  "-5",
  "9".repeat(40),
  "W/",
  '"a"',
  "q=",
  "gzip",
  "identity",
  "*/*",
  "text/html",
  "sha-256",
  ":AA==:",
  "filename",
  "filename*",
  "UTF-8''",
  "%C3%A4",
  "form-data",
  "boundary=",
  "Sun, 06 Nov 1994 08:49:37 GMT",
];
const nearText = fc
  .array(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...PIECES) }, { weight: 1, arbitrary: fc.string() }),
    { maxLength: 20 },
  )
  .map((pieces) => pieces.join(""));

const rangeSpec = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.nat(25), fc.nat(12)).map(([first, more]) => `${first}-${first + more}`),
  },
  { weight: 2, arbitrary: fc.nat(25).map((first) => `${first}-`) },
  { weight: 2, arbitrary: fc.nat(25).map((length) => `-${length}`) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(25), fc.nat(25)).map((pair) => pair.join("-")) },
  { weight: 1, arbitrary: fc.bigInt(0n, 10n ** 40n).map((first) => `${first}-${first + 5n}`) },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "\t0-0 ") },
);

/** RFC 9110 §14.1.2 word by word, with exact numbers and one flag per byte. */
function naiveBytes(specs: readonly string[], size: number): Set<number> | "whole" | "unsatisfiable" {
  const wanted = new Set<number>();
  let count = 0;
  for (const raw of specs) {
    const spec = raw.trim();
    if (spec === "") continue;
    count++;
    const [first = "", last = ""] = spec.split("-");
    if (first === "" && BigInt(last) > 0n && size === 0) return "whole";
    if (first !== "" && last !== "" && BigInt(last) < BigInt(first)) return "whole";
    for (let offset = 0; offset < size; offset++) {
      const isIn =
        first === ""
          ? BigInt(size - offset) <= BigInt(last)
          : BigInt(offset) >= BigInt(first) && (last === "" || BigInt(offset) <= BigInt(last));
      if (isIn) wanted.add(offset);
    }
  }
  if (count === 0) return "whole";
  return wanted.size === 0 ? "unsatisfiable" : wanted;
}

describe("resolveRangeField()", () => {
  test("names just the bytes that the specs name, each once", () => {
    fc.assert(
      fc.property(fc.array(rangeSpec, { minLength: 1, maxLength: 8 }), fc.nat(20), (specs, size) => {
        // A space at once behind "=" is malformed unless an empty element makes it one.
        fc.pre(!/^[ \t]+[^ \t]/.test(specs[0] ?? ""));
        const decision = resolveRangeField(`bytes=${specs.join(",")}`, size);
        const expected = naiveBytes(specs, size);
        if (typeof expected === "string" || decision.kind !== "spans") {
          const everything = typeof expected !== "string" && expected.size === size ? "whole" : "spans";
          expect<string>(decision.kind).toBe(typeof expected === "string" ? expected : everything);
          return;
        }
        const sent = decision.spans.flatMap((span) =>
          Array.from({ length: spanLength(span) }, (_, at) => span.first + at),
        );
        expect(sent.length).toBe(expected.size);
        expect(new Set(sent)).toEqual(expected);
        for (const span of decision.spans) {
          expect(decision.spans.some((other) => other !== span && other.first === span.last + 1)).toBe(false);
        }
      }),
    );
  });

  test("never names more than there is, whatever it is given", () => {
    fc.assert(
      // Half of what is safe: with the heads of parts the sum must still be exact.
      fc.property(nearText, fc.nat({ max: 2 ** 52 }), (text, size) => {
        const decision = resolveRangeField(text.startsWith("bytes=") ? text : `bytes=${text}`, size);
        if (decision.kind !== "spans") return;
        let total = 0;
        for (const { first, last } of decision.spans) {
          expect(Number.isSafeInteger(first) && first >= 0 && first <= last && last < size).toBe(true);
          total += last - first + 1;
        }
        expect(total).toBeLessThanOrEqual(size);
        const layout = layoutByteranges(decision.spans, { sizeBytes: size, mediaType: "a/b", boundary: "x" });
        const texts = layout.parts.reduce((sum, part) => sum + part.head.length, layout.tail.length);
        expect(layout.lengthBytes).toBe(total + texts);
      }),
    );
  });
});

describe("parseContentRange()", () => {
  test("reads what is written", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (first, more, after) => {
        const span = { first, last: first + more };
        const sizeBytes = first + more + 1 + after;
        expect(parseContentRange(formatContentRange(span, sizeBytes))).toEqual({
          kind: "span",
          span,
          sizeBytes,
        });
      }),
    );
  });
});

describe("parseHttpDate()", () => {
  const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

  test("reads every date that can be written, in all forms", () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
        const ms = seconds * 1000;
        const text = formatHttpDate(ms + 999)!;
        expect(parseHttpDate(text, NOW_MS)).toBe(ms);
        const [day = "", date = "", month = "", year = "", time = ""] = text.split(/,? /);
        expect(parseHttpDate(`${day} ${month} ${date.replace(/^0/, " ")} ${time} ${year}`, NOW_MS)).toBe(ms);
        const longDay = DAYS[new Date(ms).getUTCDay()];
        const short = `${longDay}, ${date}-${month}-${year.slice(2)} ${time} GMT`;
        // Just after the instant the century is beyond doubt.
        expect(parseHttpDate(short, ms + 1000)).toBe(ms);
      }),
    );
  });

  test("puts a two-digit year at most 50 years ahead and less than 51 back", () => {
    const year = 365.2425 * 86_400_000;
    fc.assert(
      fc.property(fc.nat(99), fc.integer({ min: 0, max: 4_000_000_000_000 }), (short, nowMs) => {
        const ms = parseHttpDate(`Monday, 01-Mar-${String(short).padStart(2, "0")} 00:00:00 GMT`, nowMs)!;
        expect(ms - nowMs).toBeLessThan(50.01 * year);
        expect(nowMs - ms).toBeLessThan(50.01 * year);
      }),
    );
  });
});

function withoutCommas(value: string): string {
  return value.replace(/[ \t,]/g, "");
}

describe("splitList()", () => {
  const element = fc.oneof(
    fc.stringMatching(/^[a-z;=]{1,8}$/),
    fc.string().map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`),
  );
  test("finds the elements again, however they were put together", () => {
    fc.assert(
      fc.property(
        fc.array(element),
        fc.constantFrom(",", ", ", " ,\t", ",,", ", ,"),
        (elements, separator) => {
          expect(splitList(elements.join(separator))).toEqual(elements);
        },
      ),
    );
  });

  test("loses nothing but white space and commas", () => {
    fc.assert(
      fc.property(nearText, (text) => {
        expect(withoutCommas(splitList(text).join(","))).toBe(withoutCommas(text));
      }),
    );
  });
});

describe("parseEntityTagList()", () => {
  test("reads what is written", () => {
    const tag = fc.record({ isWeak: fc.boolean(), opaque: fc.stringMatching(/^[!#-~\x80-\xff]{0,12}$/) });
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1 }), (tags) => {
        expect(parseEntityTagList(tags.map(formatEntityTag).join(", "))).toEqual(tags);
      }),
    );
  });
});

describe("chooseCoding()", () => {
  const weight = fc.constantFrom("", ";q=0", ";q=0.5", "; q=1", ";q=0.001", ";q=x");
  const element = fc
    .tuple(fc.constantFrom("gzip", "x-gzip", "br", "ZSTD", "identity", "*", "deflate"), weight)
    .map((pair) => pair.join(""));
  test("never chooses what is excluded, nor refuses while something is acceptable", () => {
    fc.assert(
      fc.property(fc.array(element), fc.subarray([...CODINGS]), (elements, offered) => {
        const weights = new Map<string, number>();
        for (const one of elements) {
          const [name = "", q] = one
            .toLowerCase()
            .replace("x-gzip", "gzip")
            .split(/;\s*q=/);
          if (q !== "x") weights.set(name, Math.max(weights.get(name) ?? 0, Number(q ?? 1)));
        }
        const weightOf = (coding: string): number =>
          weights.get(coding) ?? weights.get("*") ?? (coding === "identity" ? 0.0001 : 0);
        const best = Math.max(0, ...offered.map(weightOf));
        const chosen = chooseCoding(elements.join(", "), offered);
        const candidates = offered.filter((coding) => best > 0 && weightOf(coding) === best);
        expect(chosen).toBe(candidates.find((coding) => coding !== "identity") ?? candidates[0]);
      }),
    );
  });
});

describe("parseDictionary()", () => {
  const item = fc.oneof(
    fc
      .integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 })
      .map((value) => [String(value), "integer"]),
    fc.uint8Array().map((bytes) => [`:${Buffer.from(bytes).toString("base64")}:`, "bytes"]),
    fc.boolean().map((value) => [value ? "?1" : "?0", "boolean"]),
    fc.stringMatching(/^[ -~]*$/).map((text) => [`"${text.replace(/["\\]/g, "\\$&")}"`, "other"]),
    fc.stringMatching(/^[A-Za-z*][a-z:/]*$/).map((text) => [text, "other"]),
    fc.constantFrom(["1.5", "decimal"], ["(1 2;a)", "other"], ["@5", "other"]),
  );
  test("reads each member by its kind, with parameters or without", () => {
    const member = fc.tuple(
      fc.stringMatching(/^[a-z*][a-z0-9_.*-]*$/),
      item,
      fc.constantFrom("", ";x", ";x=1;y=?0"),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(member, { selector: ([key]) => key }),
        fc.constantFrom(",", ", ", " \t,"),
        (members, separator) => {
          const text = members
            .map(([key, [value], parameters]) => `${key}=${value}${parameters}`)
            .join(separator);
          const kinds = members.map(([key, [, kind]]) => [key, kind]);
          expect([...(parseDictionary(text) ?? [])].map(([key, value]) => [key, value.kind])).toEqual(
            kinds as [string, "other"][],
          );
        },
      ),
    );
  });
});

describe("formatAttachment()", () => {
  test("is one line of ASCII that reads back as the name", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string(), nearText), (name) => {
        const value = formatAttachment(name);
        expect(value).toMatch(/^[ -~]*$/);
        const [, plain = "", extended] =
          /^attachment; filename="([^"\\]*)"(?:; filename\*=UTF-8''(\S+))?$/.exec(value) ?? [];
        expect(extended === undefined ? plain : decodeURIComponent(extended)).toBe(name.toWellFormed());
      }),
    );
  });
});

describe("every parser", () => {
  const parsers: Readonly<Record<string, (text: string) => unknown>> = {
    resolveRangeField: (text) => resolveRangeField(text, 10),
    parseContentRange,
    parseHttpDate: (text) => parseHttpDate(text, NOW_MS),
    parseEntityTag,
    parseEntityTagList,
    decideConditions: (text) =>
      ["GET", "PUT"].map((method) =>
        decideConditions(method, () => text, { tag: undefined, modifiedMs: 0 }, 0),
      ),
    allowsRange: (text) => allowsRange(() => text, { tag: undefined, modifiedMs: 0 }, 0),
    splitList,
    parseMediaType,
    formatAttachment,
    formDataBoundary,
    chooseCoding: (text) => chooseCoding(text, CODINGS),
    chooseMediaType: (text) => chooseMediaType(text, ["text/html", "text/plain;a=b"]),
    parseDictionary,
    chooseWantedDigest: digest.chooseWantedDigest,
    chooseLegacyDigest: digest.chooseLegacyDigest,
    parseDigestField: digest.parseDigestField,
    parseLegacyDigest: digest.parseLegacyDigest,
    parseKeepAliveTimeout,
    parseRetryAfter: (text) => parseRetryAfter(text, NOW_MS),
  };

  test.each(Object.entries(parsers))("%s() answers for any text", (_, parse) => {
    fc.assert(
      fc.property(fc.oneof(nearText, fc.string({ unit: "binary", maxLength: 60 })), (text) => {
        parse(text);
      }),
    );
  });

  test.each(Object.entries(parsers))("%s() takes linear time", (_, parse) => {
    const started = performance.now();
    for (const piece of [
      "\t",
      " ",
      ",",
      ";",
      '"',
      "\\",
      "\\\\",
      "a",
      "0",
      "-",
      "=",
      "a=",
      "a, ",
      ";a=b",
      '"a" ',
      "(",
      "( ",
      ";q",
      ": ",
      "%41",
    ]) {
      for (const head of ["", "bytes=", 'a;b="', "a=(", '"', "a=:", "attachment; filename*=UTF-8''"])
        parse(`${head}${piece.repeat(20_000)}\u0001`);
    }
    expect(performance.now() - started).toBeLessThan(2500);
  });
});
