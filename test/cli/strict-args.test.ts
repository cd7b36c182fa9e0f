import { describe, expect, test } from "bun:test";

import { UsageError } from "../../src/cli/exit.ts";
import { findNearestWord } from "../../src/cli/nearest-word.ts";
import { asksForHelp, flagNames, readStrictArgs } from "../../src/cli/strict-args.ts";
import type { StrictArgsDef } from "../../src/cli/strict-args.ts";

const ARGS = {
  PORT: { type: "positional", required: false, description: "" },
  DIR: { type: "positional", required: false, description: "" },
  port: { type: "string", alias: "p", valueHint: "PORT", description: "" },
  output: { type: "string", alias: "o", valueHint: "FILE", description: "" },
  header: { type: "string", valueHint: "FIELD", isRepeatable: true, description: "" },
  cors: {
    type: "string",
    valueHint: "ORIGIN",
    description: "",
    bareValue: { value: "*", isValue: (word) => word.startsWith("http") },
  },
  quiet: { type: "boolean", alias: "q", description: "" },
  force: { type: "boolean", alias: "f", description: "" },
  compress: { type: "boolean", default: true, description: "" },
} satisfies StrictArgsDef;

/** What was read, as plain data. */
function read(...words: string[]): Record<string, unknown> {
  const args = readStrictArgs(words, ARGS);
  const found: Record<string, unknown> = {};
  if (args.words.length > 0) found["words"] = args.words;
  for (const name of ["port", "output", "header", "cors"]) {
    if (args.values(name).length > 0) found[name] = args.values(name).join("|");
  }
  for (const name of ["quiet", "force"]) if (args.isOn(name)) found[name] = true;
  if (!args.isOn("compress")) found["compress"] = false;
  return found;
}

describe("readStrictArgs()", () => {
  test.each<[string[], Record<string, unknown>]>([
    [[], {}],
    [["8080", "dir"], { words: ["8080", "dir"] }],
    [["--port", "80"], { port: "80" }],
    [["--port=80"], { port: "80" }],
    [["-p", "80"], { port: "80" }],
    [["-p80"], { port: "80" }],
    [["-p=80"], { port: "80" }],
    [["--port", "-1"], { port: "-1" }],
    [["-o", "-"], { output: "-" }],
    [["--output=-x"], { output: "-x" }],
    [["-qf"], { quiet: true, force: true }],
    [["-qp", "80"], { quiet: true, port: "80" }],
    [["-qp80"], { quiet: true, port: "80" }],
    [["--no-compress"], { compress: false }],
    [["--compress"], {}],
    [["--header", "A: 1", "--header=B: 2"], { header: "A: 1|B: 2" }],
    [["--header=A: x=y"], { header: "A: x=y" }],
    [["--cors"], { cors: "*" }],
    [["--cors", "8080"], { cors: "*", words: ["8080"] }],
    [["--cors", "http://a"], { cors: "http://a" }],
    [["--cors=x"], { cors: "x" }],
    [["-"], { words: ["-"] }],
    [["--", "--port", "-q"], { words: ["--port", "-q"] }],
    [["dir", "-q"], { words: ["dir"], quiet: true }],
  ])("reads %j", (words, found) => {
    expect(read(...words)).toEqual(found);
  });

  test.each<[string[], string]>([
    [["--prot", "9000"], 'There is no flag "--prot"; did you mean "--port"?'],
    [["-port", "9000"], 'There is no flag "-port"; did you mean "--port"?'],
    [["--PORT"], 'There is no flag "--PORT"; did you mean "--port"?'],
    [["--compres"], 'There is no flag "--compres"; see --help'],
    [["--no-port=1"], 'There is no flag "--no-port"'],
    [["--no-quiet"], 'There is no flag "--no-quiet"'],
    [["-dash.txt"], 'a name that begins with "-" is written behind "--"'],
    [["--xyz"], 'There is no flag "--xyz"; see --help'],
    [["--__proto__"], 'There is no flag "--__proto__"'],
    [["--constructor=1"], 'There is no flag "--constructor"'],
    [["--DIR=1"], 'There is no flag "--DIR"'],
    [["--="], 'There is no flag "--"'],
    [["-x"], 'There is no flag "-x"'],
    [["-1"], 'There is no flag "-1"'],
    [["--\u001b[2J"], 'There is no flag "--\\x1b[2J"'],
    [["--port"], '"--port" needs a value'],
    [["--port", "--quiet"], '"--port" needs a value'],
    [["-p"], '"-p" needs a value'],
    [["--port="], 'The value of "--port" is empty'],
    [["--port", ""], 'The value of "--port" is empty'],
    [["-p="], 'The value of "-p" is empty'],
    [["--cors="], 'The value of "--cors" is empty'],
    [["--quiet=yes"], '"--quiet" takes no value'],
    [["--no-compress=1"], '"--no-compress" takes no value'],
    [["--port=1", "--port=2"], '"--port" is given more than once'],
    [["-p1", "--port=2"], '"--port" is given more than once'],
    [["--compress", "--no-compress"], '"--no-compress" is given more than once'],
    [["a", "b", "c"], 'The word "c" is one too many'],
    [["a", "--", "b", "c"], 'The word "c" is one too many'],
    [[""], "An empty word means nothing here"],
  ])("refuses %j", (words, message) => {
    expect(() => read(...words)).toThrow(UsageError);
    expect(() => read(...words)).toThrow(message);
  });

  test.each([[["-q", "--quiet"]], [["-qq"]]])("takes a switch twice for one: %j", (words) => {
    expect(read(...words)).toEqual(read("-q"));
  });
});

describe("asksForHelp()", () => {
  test.each<[string[], boolean]>([
    [["--help"], true],
    [["8080", "-h"], true],
    [["--", "--help"], false],
    [["--helper"], false],
    [[], false],
  ])("of %j is %p", (words, isAsked) => {
    expect(asksForHelp(words)).toBe(isAsked);
  });
});

describe("flagNames()", () => {
  test("lists what can be typed", () => {
    expect(flagNames(ARGS)).toEqual([
      "--port",
      "--output",
      "--header",
      "--cors",
      "--quiet",
      "--force",
      "--no-compress",
      "--help",
    ]);
  });
});

describe("findNearestWord()", () => {
  const known = ["serve", "get", "put", "shell"];
  test.each([
    ["srve", "serve"],
    ["sevre", "serve"],
    ["SERVE", "serve"],
    ["gte", "get"],
    ["she", "shell"],
    ["x", undefined],
    ["completely", undefined],
    ["", undefined],
    ["s", undefined],
  ])("finds for %p the word %p", (word, meant) => {
    expect(findNearestWord(word, known)).toBe(meant);
  });
});
