/**
 * A folder to serve: one file of each kind that a test fetches, with names that need care.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { noise, ScratchFolder } from "./scratch-folder.ts";
import { PROJECT_ROOT } from "./source-files.ts";

/** The sample photo: a real JPEG of half a megabyte. */
export const PHOTO = readFileSync(join(PROJECT_ROOT, "assets/sample/photo.jpg"));
export const DIAGRAM = readFileSync(join(PROJECT_ROOT, "assets/sample/diagram.png"));

/** More than any socket buffer of a loopback connection takes at once. */
export const LARGE = noise(24 * 1024 * 1024);

/** Names that a URL has to escape, as they stand on the disk. */
export const CAREFUL_NAMES: readonly string[] = [
  "two words.txt",
  "50% off #1?.txt",
  'it\'s "quoted" & <b>bold.txt',
  "größe – 漢字 🌲.txt",
  "+plus;semi,comma=a.txt",
];

/** Makes the folder; it has no index.html, so `/` is a listing. */
export function makeTestSite(): ScratchFolder {
  const site = new ScratchFolder({
    "notes.txt": "Some notes.\n",
    "photo.jpg": PHOTO,
    "diagram.png": DIAGRAM,
    "page.html": "<!doctype html><title>A page</title><img src=photo.jpg><img src=diagram.png><p>Hello\n",
    "large.png": LARGE,
    "report.pdf": "%PDF-1.4 not on the whitelist\n",
    ".secret.txt": "hidden\n",
    "sub/inner.txt": "inside\n",
    "with index/index.html": "<!doctype html><title>Index</title><p>The folder's own page\n",
  });
  for (const name of CAREFUL_NAMES) site.write(name, `I am ${name}\n`);
  return site;
}
