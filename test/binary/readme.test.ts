/**
 * The README, executed: every `##` section by itself, and all of them one after the other, just as they are written, in a
 * network of their own, and with nothing but what the README itself tells the reader to make. What stands behind the three
 * backticks says what a block is:
 *
 * - `sh playground`: makes the folders and files of the recipes, started where `./netfile` was built. `sh terminal server`,
 *   `sh terminal client`: what the reader does first in a terminal.
 * - `sh`: commands that end with exit code 0. `sh server`: a server that runs from there to the section's end, or to the next one.
 * - `text`: what the commands before have printed; `…` stands for anything within a line, alone on a line for any lines.
 * - `text server`: some of what the server has printed; `text saved NAME`: what its file NAME holds at the end.
 * - `text netfile … --help`: what that command prints.
 * - `sh install`: how to get started, which CI does on a machine that has nothing; no language: a drawing.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { numberName } from "../../src/store/give-name.ts";
import { netfileBinary, runNetfile, runProgram } from "../support/netfile-binary.ts";
import { hasPrivateNetwork, hasProgram, inPrivateNetwork } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { PROJECT_ROOT, readSourceFiles } from "../support/source-files.ts";

setDefaultTimeout(60_000);

type Block = { readonly info: string; readonly text: string };
type Section = { readonly title: string; readonly blocks: readonly Block[] };

const readme = readFileSync(join(PROJECT_ROOT, "README.md"), "utf8");
const sections: readonly Section[] = readme.split(/^## /m).map((part) => ({
  title: part.split("\n", 1)[0] ?? "",
  blocks: [...part.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, info = "", text = ""]) => ({ info, text })),
}));

const KINDS =
  /^(|sh|sh (server|install|playground)|sh terminal (server|client)|text|text server|text saved \S+|text netfile( \w+)? --help)$/;
const recipes = sections.filter(({ blocks }) =>
  blocks.some(({ info }) => info === "sh" || info === "sh server"),
);
const helps = sections.flatMap(({ blocks }) => blocks).filter(({ info }) => info.endsWith(" --help"));

/** The one block of its kind. */
function blockOf(kind: string): string {
  const [only, ...others] = sections.flatMap(({ blocks }) => blocks).filter(({ info }) => info === kind);
  if (only === undefined || others.length > 0) throw new Error(`There should be one block "${kind}"`);
  return only.text.trimEnd();
}

/** The shell script of a reader: each block prints into a file of its own, and the first failure is the script's. */
function scriptOf(blocks: readonly Block[]): string {
  const steps = blocks.flatMap(({ info, text }, index) => {
    const out = `"$HOME/out/${index}"`;
    if (info === "sh")
      return [`bash -euo pipefail -c ${quote(text)} >${out} 2>&1 || { cat ${out}; exit 1; }`];
    if (info !== "sh server") return [];
    return [
      "stop",
      `(cd / && ${blockOf("sh terminal server")} && exec bash -c ${quote(`exec ${text}`)}) >${out} 2>&1 & server=$!`,
      `ready ${out}`,
    ];
  });
  return `set -e
(cd checkout && bash -euo pipefail -c ${quote(blockOf("sh playground"))})
server=
stop() { [ -z "$server" ] || { kill $server; wait $server; server=; }; }
ready() { for _ in $(seq 500); do grep -qs http:// "$1" && return; sleep 0.02; done; cat "$1"; exit 99; }
trap stop EXIT
${blockOf("sh terminal client")}
${steps.join("\n")}`;
}

function quote(text: string): string {
  return `'${text.trimEnd().replaceAll("'", String.raw`'\''`)}'`;
}

/** A reader's home, with a checkout in which `./netfile` was built. */
async function makeHome(): Promise<ScratchFolder> {
  const home = new ScratchFolder();
  home.folder("out");
  home.folder("checkout");
  symlinkSync(await netfileBinary(), home.at("checkout/netfile"));
  symlinkSync(join(PROJECT_ROOT, "assets"), home.at("checkout/assets"));
  return home;
}

/** `…` within a line is anything in it, alone on a line any lines. */
function patternOf(text: string, isWhole: boolean): RegExp {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => {
      if (line.trim() === "…") return "(?:.*\\n)*?";
      return `${line
        .trimEnd()
        .split("…")
        .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
        .join(".*")}\\n`;
    });
  return new RegExp(`${isWhole ? "^" : "(?:^|\\n)"}${lines.join("")}${isWhole ? "$" : ""}`);
}

/** What the block at `index` describes, as it came about; `undefined` for blocks of other kinds. */
function readPrinted(folder: ScratchFolder, blocks: readonly Block[], index: number): string | undefined {
  const info = blocks[index]?.info ?? "";
  const saved = /^text saved (\S+)$/.exec(info)?.[1];
  if (saved !== undefined) return folder.text(`netfile-playground/server/${saved}`);
  const source = new Map([
    ["text", "sh"],
    ["text server", "sh server"],
  ]).get(info);
  if (source === undefined) return undefined;
  return folder.text(`out/${blocks.findLastIndex((block, at) => at < index && block.info === source)}`);
}

describe("README.md", () => {
  test("has no block of a kind that is not tried", () => {
    const kinds = sections.flatMap(({ blocks }) => blocks.map(({ info }) => info));
    expect(kinds.filter((info) => !KINDS.test(info))).toEqual([]);
    expect(kinds.length).toBeGreaterThan(30);
    expect(readme.split("```").length % 2).toBe(1);
  });

  test.each(helps.map(({ info, text }) => [info.replace(/^text /, ""), text] as const))(
    "shows %s as it is",
    async (command, text) => {
      using folder = new ScratchFolder();
      const { code, stdout } = await runNetfile(command.split(" ").slice(1), { cwd: folder.path });
      expect(code).toBe(0);
      expect(text).toBe(stdout);
    },
  );

  const everything: readonly (readonly [string, readonly Block[]])[] = [
    ...recipes.map(({ title, blocks }) => [title, blocks] as const),
    ["all recipes, one after the other", recipes.flatMap(({ blocks }) => blocks)],
  ];

  test.skipIf(!hasPrivateNetwork() || !hasProgram("curl")).each(everything)("%s", async (_, blocks) => {
    using home = await makeHome();
    const command = inPrivateNetwork(["bash", "-c", scriptOf(blocks)]);
    const ran = await runProgram(command, { cwd: home.path });
    expect({ ...ran, code: ran.code }).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    for (const [index, block] of blocks.entries()) {
      const isWhole = block.info !== "text server";
      const printed = readPrinted(home, blocks, index);
      if (printed !== undefined)
        expect(printed.replaceAll("\r\n", "\n")).toMatch(patternOf(block.text, isWhole));
    }
  });

  test("tells the name that --on-exist rename gives", () => {
    const [, name = "", numbered] = /--on-exist rename` \(`(.+?)` becomes `(.+?)`\)/.exec(readme) ?? [];
    expect(numbered).toBe(numberName(name, 1));
  });

  test("names files and links that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = ""]) => path);
    expect(links.length).toBeGreaterThan(4);
    for (const path of links) expect(readFileSync(join(PROJECT_ROOT, path)).length).toBeGreaterThan(0);
  });

  test("lists the exit codes of the help, and no others but SIGTERM's", () => {
    const section = sections.find(({ title }) => title === "Exit codes");
    expect(section).toBeDefined();
    const table = readme.slice(readme.indexOf("## Exit codes"), readme.indexOf("## Limits"));
    const codes = [...table.matchAll(/^\| (\d+)/gm)].map(([, code]) => code);
    expect(codes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "130"]);
  });

  test("has a line for each deviation that the code marks", () => {
    const marks = readSourceFiles("src").flatMap(({ text }) => [...text.matchAll(/\bDeviation: /g)]);
    const [, list = ""] = /^Deviations from RFCs.*\n\n([^]*?)\n\n/m.exec(readme) ?? [];
    expect(list.match(/^- /gm)).toHaveLength(marks.length);
  });
});
