/**
 * Who may import whom: the picture in CONTRIBUTING.md, enforced.
 */
import { describe, expect, test } from "bun:test";
import { dirname, join } from "node:path/posix";
import { codeOnly, readSourceFiles } from "../support/source-files.ts";

type Folder =
  "base" | "wire" | "semantics" | "net" | "store" | "client" | "site" | "server" | "cli" | "main.ts";

/** Imports go downward only. */
const MAY_IMPORT: Readonly<Record<Folder, readonly Folder[]>> = {
  base: [],
  wire: ["base"],
  semantics: ["base"],
  net: ["base"],
  store: ["base", "wire"],
  client: ["base", "wire", "semantics", "net"],
  site: ["base", "wire", "semantics", "store"],
  server: ["base", "wire", "semantics", "net", "store", "site"],
  cli: ["base", "wire", "semantics", "net", "store", "client", "site", "server"],
  "main.ts": ["cli"],
};

const CLI_PACKAGES = ["citty", "consola", "picocolors"];

const files = readSourceFiles("src").filter(({ path }) => !path.endsWith(".d.ts"));
const imports = files.flatMap(({ path, text }) => {
  return importedNames(text).map((name) => ({ path, folder: folderOf(path), name }));
});

/** What a module imports, types too: `Bun.Transpiler.scanImports` drops imports of types, so `type` goes first. */
function importedNames(text: string): readonly string[] {
  const withTypes = text
    .replace(/\bimport type\b/g, "import")
    .replace(/\bexport type (?=[{*])/g, "export ")
    .replace(/([{,]\s*)type (?=[A-Za-z])/g, "$1");
  const scanner = new Bun.Transpiler({ loader: "ts", trimUnusedImports: false });
  const scanned = scanner.scanImports(withTypes).map(({ path }) => path);
  const written = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"\\\n]+)"/g)].map(
    ([, name]) => name ?? "",
  );
  return [...new Set([...scanned, ...written])];
}

function folderOf(path: string): Folder {
  return (path.split("/")[1] ?? "") as Folder;
}

/** The file under src that `name` means in `path`; `undefined` for a package, a builtin or an asset. */
function importedSource(path: string, name: string): string | undefined {
  if (!name.startsWith(".")) return undefined;
  const target = join(dirname(path), name);
  return target.startsWith("src/") ? target : undefined;
}

describe("imports", () => {
  test("are found at all, of values, of types and dynamic ones", () => {
    const text = `import type { A } from "./a.ts"; import { type B } from "./b.ts"; import c, { type D } from "./c.ts";
      export type { E } from "./e.ts"; const f = await import("./f.ts"); export * from "./g.ts"; import "./h.ts";`;
    expect(importedNames(text).toSorted()).toEqual("abcefgh".split("").map((name) => `./${name}.ts`));
    expect(imports.length).toBeGreaterThan(100);
  });

  test("go downward only", () => {
    const upward = imports.flatMap(({ path, folder, name }) => {
      const target = importedSource(path, name);
      const isAllowed =
        target === undefined || folderOf(target) === folder || MAY_IMPORT[folder].includes(folderOf(target));
      return isAllowed ? [] : [`${path} imports ${target}`];
    });
    expect(upward).toEqual([]);
  });

  test("of the store from wire are the type UrlPath alone", () => {
    const others = files
      .filter(({ path }) => folderOf(path) === "store")
      .flatMap(({ path, text }) =>
        [...text.matchAll(/^import ([^;]*?) from "[^"]*\/wire\/[^"]*";/gm)]
          .filter(([, clause]) => clause !== "type { UrlPath }")
          .map(([statement]) => `${path}: ${statement}`),
      );
    expect(others).toEqual([]);
  });

  test("name the file with its extension, or a known package or builtin", () => {
    const strangers = imports.filter(({ name }) => {
      if (name.startsWith(".")) return !/\.(ts|json|html|css|svg|txt|png)$/.test(name);
      return !/^(node|bun):/.test(name) && name !== "bun" && !CLI_PACKAGES.includes(name.split("/")[0] ?? "");
    });
    expect(strangers).toEqual([]);
  });

  test("of builtins are cheap ones: others are loaded where they are used, not when the program starts", () => {
    const cheap = ["node:fs", "node:path", "bun:ffi"];
    const loaded = files
      // The prompt is loaded when there is one.
      .filter(({ path }) => path !== "src/cli/shell-prompt.ts")
      .flatMap(({ path, text }) => {
        const names = [...text.matchAll(/^import (?!type\b)[^;]*?"((?:node|bun):[^"]+)";$/gm)];
        return names.map(([, name = ""]) => ({ path, name }));
      });
    expect(loaded.length).toBeGreaterThan(50);
    expect(loaded.filter(({ name }) => !cheap.includes(name))).toEqual([]);
  });

  test("of assets are as files: an executable loads those that are text when it starts", () => {
    expect(files.filter(({ text }) => /with \{ type: "text" \}/.test(text)).map(({ path }) => path)).toEqual(
      [],
    );
  });

  test("of citty, consola and picocolors are the command line's alone", () => {
    const elsewhere = imports.filter(({ folder, name }) => {
      return CLI_PACKAGES.includes(name.split("/")[0] ?? "") && folder !== "cli";
    });
    expect(elsewhere).toEqual([]);
  });
});

describe("wire and semantics", () => {
  const pure = files.filter(({ path }) => ["wire", "semantics"].includes(folderOf(path)));

  test("import neither Bun nor Node", () => {
    const builtins = imports.filter(({ folder, name }) => {
      return ["wire", "semantics"].includes(folder) && /^(bun$|bun:|node:)/.test(name);
    });
    expect(builtins).toEqual([]);
  });

  test.each([
    ["Bun", /\bBun\b/],
    ["the process", /\bprocess\b/],
    ["timers", /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/],
    ["the clock", /\bDate\.now\b|\bnew Date\(\)|\bperformance\b/],
    ["randomness", /\bMath\.random\b|\bcrypto\b/],
    ["the console", /\bconsole\b/],
  ])("use no %s", (_, pattern) => {
    const users = pure.filter(({ text }) => pattern.test(codeOnly(text))).map(({ path }) => path);
    expect(users).toEqual([]);
  });
});

describe("the surroundings", () => {
  test("are read in the command line's code alone (process.env)", () => {
    const readers = files
      .filter(({ path }) => folderOf(path) !== "cli")
      .filter(({ text }) =>
        /\bprocess\s*\.\s*env\b|\bBun\s*\.\s*env\b|\bimport\.meta\.env\b/.test(codeOnly(text)),
      )
      .map(({ path }) => path);
    expect(readers).toEqual([]);
  });

  test("get text through the command line's code alone (console)", () => {
    const writers = files
      .filter(({ path }) => folderOf(path) !== "cli")
      .filter(({ text }) => /\bconsole\s*\./.test(codeOnly(text)))
      .map(({ path }) => path);
    expect(writers).toEqual([]);
  });
});
