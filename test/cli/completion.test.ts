import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";

import { formatCompletion, SHELLS } from "../../src/cli/completion.ts";
import type { NamedCommand } from "../../src/cli/completion.ts";
import { formatManPage } from "../../src/cli/man-page.ts";
import { loadCommands } from "../../src/cli/root.ts";
import { flagNames, shortFlag } from "../../src/cli/strict-args.ts";
import { makeTemporaryFolder } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";
import { hasProgram } from "../support/program.ts";

let commands: readonly NamedCommand[];
let folder: TemporaryFolder;
beforeAll(async () => {
  commands = await loadCommands();
  folder = makeTemporaryFolder();
  writeFileSync(folder.at("netfile.bash"), formatCompletion("bash", commands));
  writeFileSync(folder.at("netfile.1"), formatManPage("1.2.3", commands));
});
afterAll(() => folder.remove());

/** Every flag of every command: as long forms, and as short ones. */
function allFlags(): {
  readonly name: string;
  readonly long: readonly string[];
  readonly short: readonly string[];
}[] {
  return commands.map(({ name, command }) => {
    const short = Object.values(command.args).flatMap((definition) => shortFlag(definition) ?? []);
    return { name, long: flagNames(command.args), short };
  });
}

/** What bash offers behind `words`, of which the last is being typed. */
async function complete(...words: readonly string[]): Promise<string[]> {
  const script = `
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _netfile
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const child = Bun.spawn(["bash", "--norc", "-c", script, "bash", folder.at("netfile.bash"), ...words], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(err).toBe("");
  return out.split("\n").filter((line) => line !== "");
}

describe.skipIf(!hasProgram("bash"))("completion in bash", () => {
  test("offers the commands", async () => {
    expect(await complete("netfile", "s")).toEqual(["serve", "shell"]);
    expect(await complete("netfile", "")).toEqual([
      ...commands.map(({ name }) => name),
      "help",
      "--help",
      "--version",
    ]);
    expect(await complete("netfile", "help", "pu")).toEqual(["put"]);
  });

  test("offers every flag of every command, and no other", async () => {
    for (const { name, long, short } of allFlags()) {
      const offered = await complete("netfile", name, "-");
      expect(offered.toSorted()).toEqual([...long, ...short, "-h"].toSorted());
    }
  });

  test.each<[string[], string[]]>([
    [
      ["netfile", "serve", "--on-exist", "re"],
      ["refuse", "replace", "rename"],
    ],
    [["netfile", "serve", "--on-exist", "=", "ren"], ["rename"]],
    [
      ["netfile", "serve", "--on-exist", "="],
      ["refuse", "replace", "rename"],
    ],
    [
      ["netfile", "serve", "--log-format", ""],
      ["combined", "json"],
    ],
    [["netfile", "get", "--rec"], ["--recursive"]],
    [
      ["netfile", "completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["netfile", "completion", "z"], ["zsh"]],
    [["netfile", "nonsense", ""], []],
  ])("%j offers %j", async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  test.each([
    [["netfile", "put", ""]],
    [["netfile", "get", "-o", "x"]],
    [["netfile", "get", "--output", "=", "x"]],
    [["netfile", "get", "--output", "-"]],
  ])("%j leaves the names of files to the shell", async (words) => {
    expect(await complete(...words)).toEqual([]);
    expect(formatCompletion("bash", commands)).toContain("complete -o default -F _netfile netfile");
  });
});

describe("completion scripts can't go stale", () => {
  test.each(SHELLS)("%s names every command and every flag", (shell) => {
    const script = formatCompletion(shell, commands);
    for (const { name, long, short } of allFlags()) {
      expect(script).toContain(name);
      for (const flag of long) expect(script).toContain(shell === "fish" ? `-l ${flag.slice(2)} ` : flag);
      for (const flag of short) expect(script).toContain(shell === "fish" ? `-s ${flag.slice(1)} ` : flag);
    }
  });

  test.each(SHELLS.filter((shell) => hasProgram(shell)))("%s takes its syntax", (shell) => {
    writeFileSync(folder.at(`check.${shell}`), formatCompletion(shell, commands));
    const { success, stderr } = Bun.spawnSync([shell, "-n", folder.at(`check.${shell}`)], { stderr: "pipe" });
    expect({ success, stderr: stderr.toString() }).toEqual({ success: true, stderr: "" });
  });

  test("quotes are balanced in zsh and fish, whatever a description holds", () => {
    const args = { x: { type: "string", valueHint: "A:B", description: "it's [a] b\\c: d" } } as const;
    const odd = [{ name: "odd", summary: "it's odd", command: { ...commands[0]!.command, args } }];
    expect(formatCompletion("zsh", odd)).toContain(String.raw`'(--x)--x=[it'\''s \[a\] b\\c\: d]:A\:B:'`);
    expect(formatCompletion("fish", odd)).toContain(String.raw`-l x -x -d 'it\'s [a] b\\c: d'`);
  });

  test("files are offered where a flag takes one", () => {
    expect(formatCompletion("zsh", commands)).toContain(":FILE:_files'");
    expect(formatCompletion("fish", commands)).toMatch(/from get' -s o -l output -r -F /);
    expect(formatCompletion("fish", commands)).toMatch(/from get' -s j -l jobs -x /);
  });
});

describe("the man page", () => {
  test("names every command, flag, word and exit code", () => {
    const text = formatManPage("1.2.3", commands).replaceAll("\\-", "-");
    for (const { name, long, short } of allFlags()) {
      const section = text.slice(text.indexOf(`.SH NETFILE ${name.toUpperCase()}`));
      for (const flag of [...long, ...short]) expect(section).toContain(flag);
    }
    expect(text).toStartWith('.TH NETFILE 1 "" "netfile 1.2.3"');
    expect(text).toContain("\\fB130\\fR\ninterrupted");
  });

  test("holds no line that roff would take for a request, but those meant", () => {
    const known = /^\.(?:TH|SH|SS|TP|br)\b/;
    for (const line of formatManPage("1.2.3", commands).split("\n")) {
      if (/^[.']/.test(line)) expect(line).toMatch(known);
    }
  });

  test.skipIf(!hasProgram("groff"))("is rendered without a warning", () => {
    const groff = ["groff", "-man", "-Tascii", "-ww", "-P-cbou", folder.at("netfile.1")];
    const { stdout, stderr, success } = Bun.spawnSync(groff, { stderr: "pipe" });
    expect({ success, stderr: stderr.toString() }).toEqual({ success: true, stderr: "" });
    const text = stdout.toString();
    expect(text).toContain("-o, --output FILE");
    expect(text).toContain("netfile get -r URL DIR [OPTIONS]");
    expect(text).toContain("--no-compress");
  });
});
