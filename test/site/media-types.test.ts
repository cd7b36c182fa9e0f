import { describe, expect, test } from "bun:test";
import { mediaKindOf } from "../../src/site/media-types.ts";
import { DEFAULT_EXTENSIONS } from "../../src/site/policy.ts";

describe("mediaKindOf()", () => {
  test.each([
    ["txt", "text/plain; charset=utf-8", true],
    ["html", "text/html; charset=utf-8", true],
    ["htm", "text/html; charset=utf-8", true],
    ["jpg", "image/jpeg", false],
    ["jpeg", "image/jpeg", false],
    ["png", "image/png", false],
    ["js", "text/javascript; charset=utf-8", true],
    ["svg", "image/svg+xml", true],
    ["json", "application/json", true],
    ["pdf", "application/pdf", false],
    ["mp4", "video/mp4", false],
    ["gz", "application/gzip", false],
    ["", "application/octet-stream", false],
    ["nonsense", "application/octet-stream", false],
    ["constructor", "application/octet-stream", false],
    ["__proto__", "application/octet-stream", false],
  ])("%j is %s", (extension, mediaType, isCompressible) => {
    expect(mediaKindOf(extension)).toEqual({ mediaType, isCompressible });
  });

  test("knows the whole default whitelist", () => {
    for (const extension of DEFAULT_EXTENSIONS) {
      expect(mediaKindOf(extension).mediaType).not.toBe("application/octet-stream");
    }
  });
});
