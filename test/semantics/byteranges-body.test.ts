import { describe, expect, test } from "bun:test";
import { layoutByteranges } from "../../src/semantics/byteranges-body.ts";

const CONTENT = "abcdefghijklmnopqrstuvwxyz";

function render(layout: ReturnType<typeof layoutByteranges>): string {
  const parts = layout.parts.map(({ head, span }) => head + CONTENT.slice(span.first, span.last + 1));
  return parts.join("") + layout.tail;
}

describe("layoutByteranges()", () => {
  test("lays out each part with its type and place (RFC 9110 §14.6, §15.3.7.2)", () => {
    const layout = layoutByteranges(
      [
        { first: 0, last: 2 },
        { first: 25, last: 25 },
      ],
      { sizeBytes: 26, mediaType: "text/plain; charset=utf-8", boundary: "THIS_STRING_SEPARATES" },
    );
    expect(render(layout)).toBe(
      "--THIS_STRING_SEPARATES\r\n" +
        "Content-Type: text/plain; charset=utf-8\r\n" +
        "Content-Range: bytes 0-2/26\r\n\r\nabc\r\n" +
        "--THIS_STRING_SEPARATES\r\n" +
        "Content-Type: text/plain; charset=utf-8\r\n" +
        "Content-Range: bytes 25-25/26\r\n\r\nz\r\n" +
        "--THIS_STRING_SEPARATES--\r\n",
    );
  });

  test.each([undefined, "image/jpeg"])("knows its length in advance, with the type %p", (mediaType) => {
    const spans = [
      { first: 3, last: 9 },
      { first: 0, last: 0 },
      { first: 20, last: 25 },
    ];
    const layout = layoutByteranges(spans, { sizeBytes: 26, mediaType, boundary: "b" });
    expect(layout.lengthBytes).toBe(Buffer.byteLength(render(layout), "latin1"));
    expect(layout.parts.map((part) => part.span)).toEqual(spans);
  });

  test("leaves the type out where there is none", () => {
    const { parts } = layoutByteranges([{ first: 0, last: 0 }], {
      sizeBytes: 1,
      mediaType: undefined,
      boundary: "b",
    });
    expect(parts[0]?.head).toBe("--b\r\nContent-Range: bytes 0-0/1\r\n\r\n");
  });
});
