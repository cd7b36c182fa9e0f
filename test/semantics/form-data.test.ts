import { describe, expect, test } from "bun:test";
import {
  FormDataError,
  type FormDataEvent,
  FormDataReader,
  formDataBoundary,
  MAX_PART_HEAD_BYTES,
  MAX_PARTS,
} from "../../src/semantics/form-data.ts";

const BOUNDARY = "AaB03x";
const HEAD = 'Content-Disposition: form-data; name="n"';

/** Reads `body` in chunks of `size` bytes; events as text, with neighbouring data joined. */
function read(body: string, size = Infinity, boundary = BOUNDARY): readonly string[] {
  const reader = new FormDataReader(boundary);
  const bytes = Buffer.from(body, "latin1");
  const shown: string[] = [];
  let data = "";
  const drain = (): void => {
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event.kind === "data") {
        expect(event.bytes.length).toBeGreaterThan(0);
        data += Buffer.from(event.bytes).toString("latin1");
        continue;
      }
      if (data !== "") shown.push(`data ${JSON.stringify(data)}`);
      data = "";
      shown.push(show(event));
    }
  };
  for (let start = 0; start < bytes.length; start += size) {
    // A fresh array each time, overwritten afterwards: the reader must not depend on it.
    const chunk = Uint8Array.from(bytes.subarray(start, Math.min(start + size, bytes.length)));
    reader.receive(chunk);
    drain();
    chunk.fill(0x58);
  }
  reader.receiveEnd();
  drain();
  return shown;
}

function show(event: Exclude<FormDataEvent, { kind: "data" }>): string {
  return event.kind === "part" ? `part ${event.name} ${event.fileName} ${event.mediaType}` : event.kind;
}

const one = (content: string): readonly string[] => [
  "part n undefined undefined",
  ...(content === "" ? [] : [`data ${JSON.stringify(content)}`]),
  "part-end",
  "end",
];

const ONE_PART = `--${BOUNDARY}\r\n${HEAD}\r\n\r\n`;
const CLOSE = `\r\n--${BOUNDARY}--\r\n`;

function bodyWithHeadOf(length: number): string {
  const head = `${HEAD}\r\nX: `;
  return `--${BOUNDARY}\r\n${head.padEnd(length, "y")}\r\n\r\nx${CLOSE}`;
}

const BODIES: readonly (readonly [title: string, body: string, events: readonly string[]])[] = [
  [
    "the example of HTML 4 §17.13.4.2",
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="submit-name"\r\n\r\nLarry\r\n` +
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="file1.txt"\r\nContent-Type: text/plain\r\n\r\n` +
      `... contents of file1.txt ...${CLOSE}`,
    [
      "part submit-name undefined undefined",
      'data "Larry"',
      "part-end",
      "part files file1.txt text/plain",
      'data "... contents of file1.txt ..."',
      "part-end",
      "end",
    ],
  ],
  ["no line end after the last boundary", `${ONE_PART}x\r\n--${BOUNDARY}--`, one("x")],
  ["half a line end after the last boundary", `${ONE_PART}x\r\n--${BOUNDARY}--\r`, one("x")],
  ["spaces after the last boundary", `${ONE_PART}x\r\n--${BOUNDARY}-- \t`, one("x")],
  ["a form without parts", `--${BOUNDARY}--\r\n`, ["end"]],
  ["empty content", `${ONE_PART}${CLOSE}`, one("")],
  ["a part that ends right behind its head", `--${BOUNDARY}\r\n${HEAD}\r\n\r\n--${BOUNDARY}--\r\n`, one("")],
  ["content that is one line end", `${ONE_PART}\r\n${CLOSE}`, one("\r\n")],
  ["content that ends with CR", `${ONE_PART}x\r${CLOSE}`, one("x\r")],
  ["content that ends with half a delimiter", `${ONE_PART}x\r\n--Aa${CLOSE}`, one("x\r\n--Aa")],
  [
    "content like a boundary",
    `${ONE_PART}a\r\n--AaB03\r\n--aab03x\r\n${CLOSE}`,
    one("a\r\n--AaB03\r\n--aab03x\r\n"),
  ],
  [
    "a longer boundary in the content",
    `${ONE_PART}a\r\n--${BOUNDARY}y\r\nb${CLOSE}`,
    one(`a\r\n--${BOUNDARY}y\r\nb`),
  ],
  [
    "a longer boundary at the start of the content",
    `${ONE_PART}--${BOUNDARY}y${CLOSE}`,
    one(`--${BOUNDARY}y`),
  ],
  ["a closing line that goes on", `${ONE_PART}a\r\n--${BOUNDARY}--x${CLOSE}`, one(`a\r\n--${BOUNDARY}--x`)],
  [
    "the boundary without a line end before it",
    `${ONE_PART}a--${BOUNDARY}--${CLOSE}`,
    one(`a--${BOUNDARY}--`),
  ],
  ["the boundary behind LF alone", `${ONE_PART}a\n--${BOUNDARY}\n${CLOSE}`, one(`a\n--${BOUNDARY}\n`)],
  [
    "the boundary twice in one line",
    `${ONE_PART}a\r\n--${BOUNDARY}--${BOUNDARY}${CLOSE}`,
    one(`a\r\n--${BOUNDARY}--${BOUNDARY}`),
  ],
  ["many CR", `${ONE_PART}\r\r\r\r\n\r\n\r\n-\r\n--${CLOSE}`, one("\r\r\r\r\n\r\n\r\n-\r\n--")],
  ["spaces after a boundary", `--${BOUNDARY} \t \r\n${HEAD}\r\n\r\nx\r\n--${BOUNDARY}-- \r\n`, one("x")],
  ["a preamble", `hello\r\n--AaB03\r\n${ONE_PART}x${CLOSE}`, one("x")],
  ["a preamble with a look-alike", `\r\n--${BOUNDARY}zz\r\n${ONE_PART}x${CLOSE}`, one("x")],
  ["an epilogue", `${ONE_PART}x${CLOSE}${ONE_PART}y${CLOSE}`, one("x")],
  [
    "bytes of every value",
    `${ONE_PART}${String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))}${CLOSE}`,
    one(String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))),
  ],
];

describe("FormDataReader", () => {
  describe.each(BODIES)("reads %s (RFC 2046 §5.1.1)", (_, body, events) => {
    test.each([Infinity, 1, 2, 3, 7, 64])("in chunks of %p bytes", (size) => {
      expect(read(body, size)).toEqual(events);
    });
  });

  const BROKEN: readonly (readonly [title: string, body: string])[] = [
    ["nothing", ""],
    ["no boundary", "hello"],
    ["another boundary", "--other\r\n\r\n"],
    ["line ends of LF alone", `--${BOUNDARY}\n${HEAD}\n\nx\n--${BOUNDARY}--\n`],
    ["an end in the first boundary", `--${BOUNDARY}`],
    ["an end behind the first boundary", `--${BOUNDARY}\r\n`],
    ["an end in a head", `--${BOUNDARY}\r\n${HEAD}\r\n`],
    ["an end behind a head", ONE_PART],
    ["an end in the content", `${ONE_PART}abc`],
    ["an end in the last boundary", `${ONE_PART}abc\r\n--${BOUNDARY}-`],
    ["no last boundary", `${ONE_PART}abc\r\n--${BOUNDARY}\r\n`],
    ["a part without a head", `--${BOUNDARY}\r\n\r\nx${CLOSE}`],
    ["a boundary instead of a head", `--${BOUNDARY}\r\n--${BOUNDARY}--\r\n\r\n\r\n`],
    ["a head that is malformed", `--${BOUNDARY}\r\nnonsense\r\n\r\nx${CLOSE}`],
  ];
  describe.each(BROKEN)("refuses a body with %s", (_, body) => {
    test.each([Infinity, 1, 5])("in chunks of %p bytes", (size) => {
      expect(() => read(body, size)).toThrow(FormDataError);
    });
  });

  test.each([Infinity, 1])(
    "takes a head of the longest size and refuses a longer one, in chunks of %p bytes",
    (size) => {
      expect(read(bodyWithHeadOf(MAX_PART_HEAD_BYTES), size)).toEqual(one("x"));
      expect(() => read(bodyWithHeadOf(MAX_PART_HEAD_BYTES + 1), size)).toThrow("longer than 8192 bytes");
    },
  );

  test("refuses a head that never ends before it has taken much of it", () => {
    const reader = new FormDataReader(BOUNDARY);
    reader.receive(Buffer.from(`--${BOUNDARY}\r\nX: `));
    expect(reader.next()).toBeUndefined();
    expect(() => {
      for (let index = 0; index < 100; index++) {
        reader.receive(Buffer.alloc(1024, "y"));
        reader.next();
        if (index > 10) return;
      }
    }).toThrow(FormDataError);
  });

  test(`takes ${MAX_PARTS} parts and refuses one more`, () => {
    const part = `${ONE_PART}\r\n`;
    const body = (count: number): string => `${part.repeat(count)}--${BOUNDARY}--`;
    expect(read(body(MAX_PARTS)).length).toBe(2 * MAX_PARTS + 1);
    expect(() => read(body(MAX_PARTS + 1))).toThrow("more than 1000 parts");
  });

  test.each([
    [256, one("a")],
    [257, undefined],
  ])("takes %p spaces behind a boundary, whole and in single bytes alike", (count, events) => {
    const body = `${ONE_PART}a\r\n--${BOUNDARY}--${" ".repeat(count)}\r\n`;
    for (const size of [Infinity, 1]) {
      if (events === undefined) expect(() => read(body, size)).toThrow(FormDataError);
      else expect(read(body, size)).toEqual(events);
    }
  });

  test("answers nothing after the end of the form, whatever comes", () => {
    const reader = new FormDataReader(BOUNDARY);
    reader.receive(Buffer.from(`--${BOUNDARY}--\r\n`));
    expect(reader.next()).toEqual({ kind: "end" });
    expect(reader.next()).toBeUndefined();
    reader.receive(Buffer.from(ONE_PART));
    reader.receiveEnd();
    expect(reader.next()).toBeUndefined();
  });

  test("passes content on without keeping it", () => {
    const reader = new FormDataReader(BOUNDARY);
    reader.receive(Buffer.from(ONE_PART));
    expect(reader.next()?.kind).toBe("part");
    expect(reader.next()).toBeUndefined();
    const chunk = Buffer.alloc(65_536, "\r\n--AaB0");
    let held = 0;
    for (let round = 0; round < 50; round++) {
      reader.receive(chunk);
      held += chunk.length;
      for (let event = reader.next(); event?.kind === "data"; event = reader.next())
        held -= event.bytes.length;
      expect(held).toBeLessThan(BOUNDARY.length + 4);
    }
  });

  test("reads a part as fast as its bytes can be searched", () => {
    const started = performance.now();
    const reader = new FormDataReader(BOUNDARY);
    reader.receive(Buffer.from(ONE_PART));
    const chunk = Buffer.alloc(65_536, "\r\n--");
    for (let round = 0; round < 500; round++) {
      reader.receive(chunk);
      while (reader.next() !== undefined);
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("formDataBoundary()", () => {
  test.each([
    ["multipart/form-data; boundary=AaB03x", "AaB03x"],
    ["Multipart/Form-Data;Boundary=AaB03x", "AaB03x"],
    [
      "multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundary7MA4YWxk",
      "----WebKitFormBoundary7MA4YWxk",
    ],
    ['multipart/form-data; boundary="gc0pJq0M:08jU534c0p"', "gc0pJq0M:08jU534c0p"],
    ['multipart/form-data; boundary="a b"', "a b"],
    [`multipart/form-data; boundary="'()+_,-./:=?"`, "'()+_,-./:=?"],
    [`multipart/form-data; boundary=${"x".repeat(70)}`, "x".repeat(70)],
  ])("finds the boundary in %p (RFC 2046 §5.1.1)", (contentType, boundary) => {
    expect(formDataBoundary(contentType)).toBe(boundary);
  });

  test.each([
    undefined,
    "",
    "multipart/form-data",
    "multipart/form-data; boundary",
    "multipart/form-data; boundary=",
    'multipart/form-data; boundary=""',
    'multipart/form-data; boundary="a "',
    'multipart/form-data; boundary="a\\\r\nb"',
    'multipart/form-data; boundary="a;b"',
    "multipart/form-data; boundary=ä",
    `multipart/form-data; boundary=${"x".repeat(71)}`,
    "multipart/mixed; boundary=AaB03x",
    "application/x-www-form-urlencoded",
  ])("finds none in %p", (contentType) => {
    expect(formDataBoundary(contentType)).toBeUndefined();
  });
});
