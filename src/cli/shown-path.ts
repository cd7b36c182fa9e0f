/**
 * The path of a URL as people read it.
 */
import { printable } from "../base/printable.ts";

/** Decodes `path` for a person: `/%C3%A9.txt` is `/é.txt`. What is not percent-encoded UTF-8 stays as it is. */
export function showPath(path: string): string {
  try {
    return printable(decodeURIComponent(path));
  } catch {
    return printable(path);
  }
}
