/** RFC 9110 §14 over a socket: every range gives exactly the bytes it names. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { BEFORE, JudgedSite, LONG_TEXT, MODIFIED, PICTURE, request, RULER } from "../support/judged-site.ts";
import type { StrictAnswer } from "../support/strict-answers.ts";

let site: JudgedSite;
let tag = "";
beforeAll(async () => {
  site = await JudgedSite.start();
  tag = (await site.get("/ruler.txt")).fields.get("etag")!;
});
afterAll(() => site.stop());

type Part = { readonly range: string; readonly type: string | undefined; readonly content: string };

/** Reads a multipart/byteranges body to the letter (RFC 2046 §5.1.1). */
function readParts({ fields, body }: StrictAnswer): readonly Part[] {
  const [, boundary] =
    /^multipart\/byteranges; boundary=([0-9A-Za-z'()+_,\-./:=?]{1,70})$/.exec(
      fields.get("content-type") ?? "",
    ) ?? [];
  if (boundary === undefined) throw new Error(`No boundary in ${fields.get("content-type")}`);
  const text = body.toString("latin1");
  const delimiter = `--${boundary}`;
  if (!text.startsWith(`${delimiter}\r\n`) || !text.endsWith(`\r\n${delimiter}--\r\n`))
    throw new Error("No frame");
  const inner = text.slice(delimiter.length + 2, -(delimiter.length + 6));
  return inner.split(`\r\n${delimiter}\r\n`).map((part) => {
    const headEnd = part.indexOf("\r\n\r\n");
    const lines = new Map(
      part
        .slice(0, headEnd)
        .split("\r\n")
        .map((line) => line.toLowerCase().split(": ", 2) as [string, string]),
    );
    return {
      range: lines.get("content-range")!,
      type: lines.get("content-type"),
      content: part.slice(headEnd + 4),
    };
  });
}

describe("one range of ruler.txt, 1,000 bytes", () => {
  test.each([
    ["bytes=0-0", 0, 0],
    ["bytes=0-9", 0, 9],
    ["bytes=0-499", 0, 499],
    ["bytes=500-999", 500, 999],
    ["bytes=999-999", 999, 999],
    ["bytes=999-", 999, 999],
    ["bytes=0-", 0, 999],
    ["bytes=990-", 990, 999],
    ["bytes=0-999", 0, 999],
    ["bytes=0-1000", 0, 999],
    ["bytes=990-1990", 990, 999],
    ["bytes=-1", 999, 999],
    ["bytes=-10", 990, 999],
    ["bytes=-500", 500, 999],
    ["bytes=-999", 1, 999],
    ["bytes=-1000", 0, 999],
    ["bytes=-1001", 0, 999],
    ["bytes=-99999999999999999999999999", 0, 999],
    ["bytes=5-99999999999999999999999999", 5, 999],
    ["bytes=5-18446744073709551615", 5, 999],
    ["bytes=5-9223372036854775808", 5, 999],
    ["bytes=0000000000000000000005-00000000000000000000000006", 5, 6],
    ["BYTES=0-1", 0, 1],
    ["Bytes=0-1", 0, 1],
    ["bytes=0-1,", 0, 1],
    ["bytes=,0-1", 0, 1],
    ["bytes=, ,0-1 , ,", 0, 1],
    ["bytes=0-1,1000-", 0, 1],
    ["bytes=2000-3000, 5-6", 5, 6],
    ["bytes=5-6, -0", 5, 6],
    ["bytes=0-4,5-9", 0, 9],
    ["bytes=5-9,0-4", 0, 9],
    ["bytes=0-5,3-9", 0, 9],
    ["bytes=0-9,2-3", 0, 9],
    ["bytes=2-3,0-9", 0, 9],
    ["bytes=7-7,7-7,7-7", 7, 7],
    ["bytes=995-,-5", 995, 999],
    ["bytes=0-1\t,\t2-3", 0, 3],
  ])("§14.1.2: %s is bytes %d to %d", async (range, first, last) => {
    const answer = await site.get("/ruler.txt", `Range: ${range}`);
    expect(answer.status).toBe(206);
    expect(answer.body.toString()).toBe(RULER.slice(first, last + 1));
    expect(answer.fields.get("content-range")).toBe(`bytes ${first}-${last}/1000`);
    expect(answer.fields.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(answer.fields.get("etag")).toBe(tag);
    expect(answer.fields.get("accept-ranges")).toBe("bytes");
    expect(answer.fields.get("last-modified")).toBe(MODIFIED);
  });

  test.each([
    ["bytes=1000-"],
    ["bytes=1000-1000"],
    ["bytes=1000-2000"],
    ["bytes=99999999999999999999999999-"],
    ["bytes=18446744073709551616-18446744073709551617"],
    ["bytes=-0"],
    ["bytes=-00000"],
    ["bytes=1000-,2000-"],
    ["bytes=1000-1001, -0"],
  ])("§15.5.17: %s is 416", async (range) => {
    const answer = await site.get("/ruler.txt", `Range: ${range}`);
    expect(answer.status).toBe(416);
    expect(answer.fields.get("content-range")).toBe("bytes */1000");
    expect(answer.fields.get("accept-ranges")).toBe("bytes");
  });

  test.each([
    ["a last position before the first", "bytes=10-5"],
    ["the same, one of two", "bytes=0-1,10-5"],
    ["the same with huge numbers", "bytes=99999999999999999999-99999999999999999998"],
    ["an unknown unit", "seconds=0-1"],
    ["an unknown unit that begins alike", "bytesx=0-1"],
    ["lines", "lines=1-2"],
    ["no unit", "0-1"],
    ["no unit but the sign", "=0-1"],
    ["no set", "bytes"],
    ["an empty set", "bytes="],
    ["a set of nothing", "bytes=,"],
    ["a dash alone", "bytes=-"],
    ["two dashes", "bytes=--1"],
    ["a negative suffix", "bytes=--0"],
    ["three numbers", "bytes=0-1-2"],
    ["a number alone", "bytes=10"],
    ["letters", "bytes=alpha"],
    ["letters last", "bytes=10-alpha"],
    ["hex", "bytes=0x0-0x5"],
    ["a sign", "bytes=+0-1"],
    ["a decimal point", "bytes=0.0-1"],
    ["an exponent", "bytes=0-1e2"],
    ["white space inside", "bytes=0 - 1"],
    ["white space before the sign", "bytes =0-1"],
    ["white space behind the sign", "bytes= 0-1"],
    ["no comma", "bytes=10-11 12-"],
    ["a semicolon", "bytes=0-1;2-3"],
    ["a colon for the sign", "bytes: 0-1"],
    ["a Content-Range", "bytes 0-1/1000"],
    ["a star", "bytes=*"],
    ["quotes", 'bytes="0-1"'],
    ["a fraction of another kind", "bytes=\xb2-5"],
    ["two units", "bytes=0-1,lines=1-2"],
    ["a word behind", "bytes=0-1 x"],
    [
      "a hundred and one ranges",
      `bytes=${Array.from({ length: 101 }, (_, n) => `${n * 4}-${n * 4}`).join(",")}`,
    ],
    ["everything, and more", "bytes=0-10001, 0-0"],
    ["everything in two halves", "bytes=0-499,500-999"],
    ["everything from behind", "bytes=-1000,-1"],
  ])("§14.2: %s is ignored: 200", async (_title, range) => {
    const answer = await site.get("/ruler.txt", `Range: ${range}`);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(RULER);
    expect(answer.fields.has("content-range")).toBe(false);
  });

  test("§5.3: two Range fields are ignored", async () => {
    expect((await site.get("/ruler.txt", "Range: bytes=0-1", "Range: bytes=3-4")).status).toBe(200);
  });

  test("every byte of it is found, from either end", async () => {
    const text = [7, 123, 500, 998]
      .flatMap((n) => [
        request("GET", "/ruler.txt", `Range: bytes=${n}-${n}`),
        request("GET", "/ruler.txt", `Range: bytes=-${1000 - n}`),
      ])
      .join("");
    const { answers } = await site.say(text);
    expect(answers.map(({ body }) => body.toString())).toEqual(
      [7, 123, 500, 998].flatMap((n) => [RULER.slice(n, n + 1), RULER.slice(n)]),
    );
  });
});

describe("several ranges", () => {
  test.each([
    [
      "bytes=0-0,-1",
      [
        [0, 0],
        [999, 999],
      ],
    ],
    [
      "bytes=0-9,20-29",
      [
        [0, 9],
        [20, 29],
      ],
    ],
    [
      "bytes=20-29, 0-9",
      [
        [20, 29],
        [0, 9],
      ],
    ],
    [
      "bytes=0-9,20-29,40-",
      [
        [0, 9],
        [20, 29],
        [40, 999],
      ],
    ],
    [
      "bytes=0-9, -10, 10-19",
      [
        [0, 19],
        [990, 999],
      ],
    ],
    [
      "bytes=0-9, -10, 100000-, 10-19",
      [
        [0, 19],
        [990, 999],
      ],
    ],
    [
      "bytes=500-600,601-999,0-1",
      [
        [500, 999],
        [0, 1],
      ],
    ],
    [
      "bytes=1-1,3-3,5-5,2-2",
      [
        [1, 3],
        [5, 5],
      ],
    ],
    [
      "bytes=500-700,601-999,0-1,400-450",
      [
        [500, 999],
        [0, 1],
        [400, 450],
      ],
    ],
    [
      `bytes=${Array.from({ length: 100 }, (_, n) => `${n * 10}-${n * 10}`).join(",")}`,
      Array.from({ length: 100 }, (_, n) => [n * 10, n * 10]),
    ],
  ] as readonly (readonly [string, readonly (readonly [number, number])[]])[])(
    "§14.6: %s",
    async (range, spans) => {
      const answer = await site.get("/ruler.txt", `Range: ${range}`);
      expect(answer.status).toBe(206);
      expect(answer.fields.has("content-range")).toBe(false);
      expect(readParts(answer)).toEqual(
        spans.map(([first, last]) => ({
          range: `bytes ${first}-${last}/1000`,
          type: "text/plain; charset=utf-8",
          content: RULER.slice(first, last + 1),
        })),
      );
    },
  );

  test("§14.6: the boundary is another one each time", async () => {
    const types = await Promise.all(
      [1, 2, 3].map(async () =>
        (await site.get("/ruler.txt", "Range: bytes=0-0,-1")).fields.get("content-type"),
      ),
    );
    expect(new Set(types).size).toBe(3);
  });

  test("§17.15, CVE-2011-3192: many overlapping ranges come to no more than the file", async () => {
    const ranges = Array.from({ length: 1300 }, (_, n) => `5-${n}`).join(",");
    const answer = await site.get("/picture.png", `Range: bytes=0-,${ranges}`);
    expect(answer.body.length).toBeLessThanOrEqual(PICTURE.length * 1.1);
    const fewer = await site.get(
      "/picture.png",
      `Range: bytes=0-,${Array.from({ length: 90 }, (_, n) => `5-${n + 5}`).join(",")}`,
    );
    expect(fewer.body.length).toBeLessThanOrEqual(PICTURE.length * 1.1);
  });

  test("CVE-2017-7529: suffixes that overflow give no byte from elsewhere", async () => {
    for (const range of [
      "bytes=-9223372036854775608,-1",
      "bytes=-9223372036854775808",
      `bytes=-${"9".repeat(40)},-1`,
    ]) {
      const answer = await site.get("/ruler.txt", `Range: ${range}`);
      expect([200, 206, 416]).toContain(answer.status);
      if (answer.status !== 416) expect(answer.body.toString()).toBe(RULER);
    }
  });
});

describe("ranges of other representations", () => {
  test.each([
    ["bytes=0-", 416],
    ["bytes=0-0", 416],
    ["bytes=-0", 416],
    ["bytes=-1", 200],
    ["bytes=5-4", 200],
  ])("§14.1.2: %s of an empty file", async (range, status) => {
    const answer = await site.get("/empty.txt", `Range: ${range}`);
    expect(answer.status).toBe(status);
    expect(answer.fields.get("content-range")).toBe(status === 416 ? "bytes */0" : undefined);
  });

  test("§14.2: bytes of a picture", async () => {
    const answer = await site.get("/picture.png", "Range: bytes=1000-1999");
    expect(answer.body.equals(PICTURE.subarray(1000, 2000))).toBe(true);
    expect(answer.fields.get("content-type")).toBe("image/png");
  });

  test("§14.2: a range is of what is stored, not of what would be compressed", async () => {
    const answer = await site.get("/long.txt", "Range: bytes=10-19", "Accept-Encoding: gzip, br, zstd");
    expect(answer.status).toBe(206);
    expect(answer.fields.has("content-encoding")).toBe(false);
    expect(answer.body.toString()).toBe(LONG_TEXT.slice(10, 20));
  });

  test("§14.2: a range of a coding that is stored is one of its bytes", async () => {
    const whole = await site.get("/coded.txt", "Accept-Encoding: br");
    const part = await site.get("/coded.txt", "Accept-Encoding: br", "Range: bytes=3-7");
    expect(part.status).toBe(206);
    expect(part.fields.get("content-encoding")).toBe("br");
    expect(part.fields.get("content-range")).toBe(`bytes 3-7/${whole.body.length}`);
    expect(part.body.equals(whole.body.subarray(3, 8))).toBe(true);
    expect(part.fields.get("etag")).toBe(whole.fields.get("etag"));
  });

  test.each(["/", "/missing.txt", "/tool.exe", "/sub"])(
    "§14.2: Range means nothing where there is no 200 of a file, %s",
    async (target) => {
      const answer = await site.get(target, "Range: bytes=0-1");
      expect(answer.status).toBe((await site.get(target)).status);
      expect(answer.fields.has("content-range")).toBe(false);
    },
  );

  test("§14.2: Range on another method than GET means nothing", async () => {
    expect((await site.ask("OPTIONS", "/ruler.txt", "Range: bytes=0-1")).status).toBe(204);
    expect((await site.ask("DELETE", "/ruler.txt", "Range: bytes=0-1")).status).toBe(405);
  });
});

describe("If-Range (§13.1.5)", () => {
  const RANGE = "Range: bytes=0-4";

  test.each([
    ["the current tag", () => tag, 206],
    ["the current date", () => MODIFIED, 206],
    ["the current date as RFC 850 wrote it", () => "Sunday, 06-Nov-94 08:49:37 GMT", 206],
    ["the current date as asctime writes it", () => "Sun Nov  6 08:49:37 1994", 206],
    ["another tag", () => '"other"', 200],
    ["the current tag, weak", () => `W/${tag}`, 200],
    ["a tag without quotes", () => tag.slice(1, -1), 200],
    ["a list of tags", () => `${tag}, "other"`, 200],
    ["a star", () => "*", 200],
    ["an earlier date", () => BEFORE, 200],
    ["a later date", () => "Sun, 06 Nov 1994 08:49:38 GMT", 200],
    ["a date in the future", () => "Sun, 06 Nov 2094 08:49:37 GMT", 200],
    ["a date that is none", () => "yesterday", 200],
    ["an empty value", () => "", 200],
  ])("with %s", async (_title, value, status) => {
    const answer = await site.get("/ruler.txt", RANGE, `If-Range: ${value()}`);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toBe(status === 206 ? RULER.slice(0, 5) : RULER);
  });

  test("without Range it means nothing", async () => {
    expect((await site.get("/ruler.txt", `If-Range: ${tag}`)).status).toBe(200);
    expect((await site.get("/ruler.txt", 'If-Range: "other"')).status).toBe(200);
  });

  test("that fails makes of 416 a 200", async () => {
    expect((await site.get("/ruler.txt", "Range: bytes=5000-", 'If-Range: "other"')).status).toBe(200);
    expect((await site.get("/ruler.txt", "Range: bytes=5000-", `If-Range: ${tag}`)).status).toBe(416);
  });

  test("with the tag of another coding", async () => {
    const coded = (await site.get("/coded.txt", "Accept-Encoding: br")).fields.get("etag")!;
    expect((await site.get("/coded.txt", RANGE, "Accept-Encoding: br", `If-Range: ${coded}`)).status).toBe(
      206,
    );
    expect((await site.get("/coded.txt", RANGE, `If-Range: ${coded}`)).status).toBe(200);
  });
});
