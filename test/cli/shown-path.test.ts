import { describe, expect, test } from "bun:test";

import { showPath } from "../../src/cli/shown-path.ts";

describe("showPath()", () => {
  test.each([
    ["/a.txt", "/a.txt"],
    ["/%C3%A9%F0%9F%8D%B0.txt", "/é🍰.txt"],
    ["/a%20b/", "/a b/"],
    ["/100%.txt", "/100%.txt"],
    ["/%ff.txt", "/%ff.txt"],
    ["/%1b[2J%0a", "/\\x1b[2J\\x0a"],
    ["/\u001b%zz", "/\\x1b%zz"],
  ])("shows %j as %j", (path, shown) => {
    expect(showPath(path)).toBe(shown);
  });
});
