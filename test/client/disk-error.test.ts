import { describe, expect, test } from "bun:test";
import { alreadyThere, cannotRead, cannotSave } from "../../src/client/disk-error.ts";

const systemError = (code: string) => Object.assign(new Error(`${code}: it failed, open '/x'`), { code });

describe("cannotSave() and cannotRead()", () => {
  test.each([
    ["ENOSPC", "the disk is full; make room and try again"],
    ["EDQUOT", "your disk quota is used up; make room and try again"],
    ["EACCES", "permission denied; choose another folder"],
    ["EROFS", "the disk is read-only; choose another folder"],
    ["EIO", "the disk reports an error"],
    ["EODD", "EODD: it failed, open '/x'"],
  ])("puts %s into words", (code, words) => {
    const error = cannotSave("dir/a", systemError(code));
    expect(error.phase).toBe("save");
    expect(error.message).toBe(`Cannot save "dir/a": ${words}`);
  });

  test("tells reading from saving", () => {
    const error = cannotRead("a", systemError("ENOENT"));
    expect(error.phase).toBe("read");
    expect(error.message).toBe('Cannot read "a": there is no such file; check its name');
  });

  test("says of what may be no UTF-8 what is known of it", () => {
    expect(cannotRead("caf\ufffd.txt", systemError("ENOENT")).message).toContain("not UTF-8; rename it");
  });

  test("GHSA-ppjh-xp5v-46wc: shows a hostile name escaped", () => {
    expect(alreadyThere("\u001b[1A\rharmless").message).toContain('"\\x1b[1A\\x0dharmless"');
    expect(cannotSave("\u202ename", "no").message).toContain("\\u{202e}");
  });
});
