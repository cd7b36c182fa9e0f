/**
 * The project's own source files as text, for the rules that every one of them keeps.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const PROJECT_ROOT = join(import.meta.dir, "..", "..");

export type SourceFile = {
  /** From the project's root, with slashes: `src/wire/fields.ts`. */
  readonly path: string;
  readonly text: string;
};

/** Reads every TypeScript file below `folder` (from the project's root), in the order of the names. */
export function readSourceFiles(folder: string): readonly SourceFile[] {
  return listFiles(folder)
    .filter((path) => path.endsWith(".ts"))
    .map((path) => ({ path, text: readFileSync(join(PROJECT_ROOT, path), "utf8") }));
}

/** Lists every file below `folder` (from the project's root), in the order of the names. */
export function listFiles(folder: string): readonly string[] {
  return readdirSync(join(PROJECT_ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(PROJECT_ROOT.length + 1))
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

/**
 * Blanks out comments and the contents of strings, templates and regular expressions, so that a search finds code only.
 * Lines stay where they are.
 */
export function codeOnly(text: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?<=[(,=:[!&|?{};\n]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*|`(?:\\[\s\S]|[^`\\])*`/g;
  return text.replace(token, (found) => {
    // What a template computes is code: `${Bun.version}`.
    if (found.startsWith("`")) return [...found.matchAll(/\$\{[^}]*\}/g)].map(([part]) => part).join(" ");
    return found.replace(/[^\n]/g, " ");
  });
}
