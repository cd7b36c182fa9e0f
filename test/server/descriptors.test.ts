import { describe, expect, test } from "bun:test";
import { readDescriptorLimit, shareDescriptors } from "../../src/server/descriptors.ts";

describe("shareDescriptors()", () => {
  test.each([
    [64, { connections: 16, ceiling: 48, mutedCeiling: 56 }],
    [256, { connections: 160, ceiling: 216, mutedCeiling: 248 }],
    [1024, { connections: 736, ceiling: 888, mutedCeiling: 1016 }],
    [20_000, { connections: 17_212, ceiling: 19_736, mutedCeiling: 19_992 }],
  ])("of %p", (limit, shares) => {
    expect(shareDescriptors(limit)).toEqual(shares);
  });

  test.each([1, 8, 16, 32])("of %p, which is too few, leaves one connection", (limit) => {
    expect(shareDescriptors(limit).connections).toBe(1);
  });

  test("of an unknown number are unlimited", () => {
    expect(shareDescriptors(undefined).connections).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("readDescriptorLimit()", () => {
  test.skipIf(process.platform !== "linux")("is what the shell says", () => {
    const { stdout } = Bun.spawnSync([
      "sh",
      "-c",
      `ulimit -n 99; exec ${process.execPath} -e 'import { readDescriptorLimit } from "${import.meta.dir}/../../src/server/descriptors.ts"; console.log(readDescriptorLimit())'`,
    ]);
    expect(stdout.toString()).toBe("99\n");
    expect(readDescriptorLimit()).toBeGreaterThan(0);
  });
});
