import { describe, expect, test } from "bun:test";
import { StoreError } from "../../src/store/store-error.ts";
import { absentOrThrow, isAbsence, toStoreError } from "../../src/store/system-error.ts";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something, open '/srv/a'`), { code });
}

describe("toStoreError()", () => {
  test.each([
    ["EACCES", "denied"],
    ["EPERM", "denied"],
    ["EROFS", "denied"],
    ["EEXIST", "exists"],
    ["ENOTDIR", "conflict"],
    ["ENOENT", "conflict"],
    ["EISDIR", "conflict"],
    ["ENAMETOOLONG", "bad-name"],
    ["EILSEQ", "bad-name"],
    ["ENOSPC", "full"],
    ["EDQUOT", "full"],
    ["EFBIG", "full"],
    ["EMFILE", "busy"],
    ["ENFILE", "busy"],
    ["EIO", "failed"],
    ["EWHATEVER", "failed"],
  ] as const)("calls %s %s", (code, kind) => {
    expect(toStoreError(systemError(code))).toMatchObject({ kind, code });
  });

  test("keeps a StoreError as it is, and takes anything that is thrown", () => {
    const error = new StoreError("changed", "x");
    expect(toStoreError(error)).toBe(error);
    expect(toStoreError("a string")).toMatchObject({ kind: "failed", code: undefined });
    expect(toStoreError(undefined).kind).toBe("failed");
  });
});

describe("absentOrThrow()", () => {
  test.each(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EILSEQ", "EINVAL", "ENXIO", "ESTALE"])(
    "takes %s for nothing there",
    (code) => {
      expect(isAbsence(systemError(code))).toBe(true);
      expect(absentOrThrow(systemError(code))).toBeUndefined();
    },
  );

  test.each(["EACCES", "EMFILE", "EIO", "ENOMEM"])("throws %s", (code) => {
    expect(() => absentOrThrow(systemError(code))).toThrow(StoreError);
  });
});
