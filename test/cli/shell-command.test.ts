import { describe, expect, test } from "bun:test";

import { UsageError } from "../../src/cli/exit.ts";
import {
  parseShellCommand,
  resolveRemotePath,
  SHELL_ROWS,
  SHELL_VERBS,
} from "../../src/cli/shell-command.ts";
import type { ShellCommand } from "../../src/cli/shell-command.ts";

describe("parseShellCommand()", () => {
  test.each<[string, ShellCommand]>([
    ["get", { kind: "get", path: ".", destination: undefined, isForced: false }],
    ["GET server/a.txt", { kind: "get", path: "server/a.txt", destination: undefined, isForced: false }],
    ["Get a b", { kind: "get", path: "a", destination: "b", isForced: false }],
    ["get a --force", { kind: "get", path: "a", destination: undefined, isForced: true }],
    ["get -f a -", { kind: "get", path: "a", destination: "-", isForced: true }],
    ["get -- --force -f", { kind: "get", path: "--force", destination: "-f", isForced: false }],
    ["put -- -a", { kind: "put", file: "-a", path: undefined }],
    ["put a", { kind: "put", file: "a", path: undefined }],
    ["POST client/b.txt", { kind: "post", file: "client/b.txt", path: undefined }],
    ["post a b", { kind: "post", file: "a", path: "b" }],
    ["ls", { kind: "ls", path: undefined }],
    ["LS sub", { kind: "ls", path: "sub" }],
    ["cd ..", { kind: "cd", path: ".." }],
    ["lcd", { kind: "lcd", folder: undefined }],
    ["info", { kind: "info" }],
    ["?", { kind: "help" }],
    ["EXIT", { kind: "quit" }],
  ])("reads %p (row 5)", (line, command) => {
    expect(parseShellCommand(line.split(" "))).toEqual(command);
  });

  test.each<[string[], string]>([
    [["put"], "A word is missing; write: put FILE [PATH]"],
    [["get", "a", "b", "c"], 'The word "c" is one too many; write: get [PATH] [DEST]'],
    [
      ["get", "a", "--forse"],
      'There is no flag "--forse" for get; a name that begins with "-" is written behind "--"',
    ],
    [["put", "-f", "a"], 'There is no flag "-f" for put'],
    [["quit", "now"], 'The word "now" is one too many'],
    [["get", ""], "An empty word means nothing here"],
    [["gte", "a"], 'There is no command "gte"; did you mean "get"?'],
    [["frobnicate", "a"], 'There is no command "frobnicate"; write "help"'],
    [["DELETE", "a"], 'There is no command "DELETE"; files are fetched and sent'],
    [["cat", "a"], 'There is no command "cat"; "get PATH -" prints a file'],
    [["get", "http://localhost:8080/a/b.txt"], "leave the beginning of the URL out: get /a/b.txt"],
    [["CD", "http://localhost"], "leave the beginning of the URL out: cd /"],
    [["constructor"], 'There is no command "constructor"'],
    [["\u001b[2J"], 'There is no command "\\x1b[2J"'],
  ])("refuses %j", (words, message) => {
    expect(() => parseShellCommand(words)).toThrow(UsageError);
    expect(() => parseShellCommand(words)).toThrow(message);
  });

  test("has a line in the help for every verb", () => {
    const explained = SHELL_ROWS.map(([usage]) => usage.split(" ")[0]);
    expect(SHELL_VERBS.filter((verb) => verb !== "exit")).toEqual(explained as string[]);
  });
});

describe("resolveRemotePath()", () => {
  test.each([
    ["/", "a.txt", "/a.txt"],
    ["/", ".", "/"],
    ["/", "", "/"],
    ["/", "..", "/"],
    ["/", "../../etc/passwd", "/etc/passwd"],
    ["/sub/", "a.txt", "/sub/a.txt"],
    ["/sub/", "/a.txt", "/a.txt"],
    ["/sub/", "..", "/"],
    ["/a/b/", "..", "/a/"],
    ["/a/b/", "../c", "/a/c"],
    ["/a/b/", ".", "/a/b/"],
    ["/a/", "c/", "/a/c/"],
    ["/a/", "./c//d", "/a/c/d"],
    ["/a/", "...", "/a/..."],
    ["/a/", "x..", "/a/x.."],
    ["/a/", "/", "/"],
  ])("from %p goes by %p to %p", (folder, path, resolved) => {
    expect(resolveRemotePath(folder, path)).toBe(resolved);
  });
});
