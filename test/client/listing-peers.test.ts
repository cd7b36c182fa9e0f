/** Folders of other makers' servers, read and mirrored from the real thing. A peer that this machine lacks is skipped by name. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { isHtmlListing, readHtmlListing } from "../../src/client/html-listing.ts";
import { LocalTree } from "../../src/client/local-tree.ts";
import { compareFile, fetchFile } from "../../src/client/mirror.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import { readRemoteTree } from "../../src/client/remote-tree.ts";
import type { Session } from "../../src/client/session.ts";
import { makeSession, makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";
import { hasPeer, startPeer, type Peer } from "../support/peers.ts";

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const FILES = [
  "a b&c<d>'\"#1.txt",
  "nothing.txt",
  "per%41cent?.txt",
  "semi;a+b.txt",
  "sub/deep/ü.txt",
  "sub/x.txt",
];

/** What is in a file: its name, or nothing, of which Apache tells no length when it is asked by HEAD. */
const contentOf = (file: string) => (file === "nothing.txt" ? "" : file);

for (const name of ["python", "nginx", "caddy", "apache", "lighttpd"] as const) {
  describe.skipIf(!hasPeer(name))(`a folder of ${name}`, () => {
    let source: TemporaryFolder;
    let target: TemporaryFolder;
    let session: Session;
    let peer: Peer;

    beforeAll(async () => {
      source = makeTemporaryFolder();
      target = makeTemporaryFolder();
      session = makeSession({ keptPerOrigin: 2 });
      mkdirSync(source.at("sub/deep"), { recursive: true });
      mkdirSync(source.at("empty"));
      for (const file of FILES) {
        writeFileSync(source.at(file), contentOf(file));
        utimesSync(source.at(file), 0, AT_MS / 1000);
      }
      peer = await startPeer(name, source.path, { lists: true });
    });
    afterAll(async () => {
      session.close();
      await peer.stop();
      source.remove();
      target.remove();
    });

    const url = () => parseRemoteUrl(`http://127.0.0.1:${peer.port}/`);

    test(`is mirrored with its dates, and not twice (${name})`, async () => {
      const tree = await readRemoteTree(session, url(), { jobs: 2 });
      expect(tree).toMatchObject({
        problems: [],
        isComplete: true,
        folders: [["empty"], ["sub"], ["sub", "deep"]],
      });
      expect(tree.files.map(({ names }) => names.join("/"))).toEqual(FILES);
      const local = new LocalTree(target.path, { make: true });
      for (const file of tree.files) {
        expect(await compareFile(session, local, file)).toBe("missing");
        await fetchFile(session, local, file, { state: "missing" });
        expect(await compareFile(session, local, file)).toBe("same");
      }
      for (const file of FILES) {
        expect(readFileSync(target.at(file), "utf8")).toBe(contentOf(file));
        expect(statSync(target.at(file)).mtimeMs).toBe(AT_MS);
      }
      writeFileSync(source.at("sub/x.txt"), "changed");
      const again = await readRemoteTree(session, url(), { jobs: 2 });
      expect(await compareFile(session, local, again.files.at(-1)!)).toBe("changed");
    });

    test(`is read from its page too (${name})`, async () => {
      const page = await fetch(`http://127.0.0.1:${peer.port}/sub/`, { headers: { Accept: "text/html" } });
      const html = await page.text();
      expect(isHtmlListing(html)).toBe(true);
      const { links, unusable } = readHtmlListing(html, parseRemoteUrl(`http://127.0.0.1:${peer.port}/sub/`));
      expect(unusable).toEqual([]);
      expect(links).toEqual([
        { name: "deep", kind: "folder" },
        { name: "x.txt", kind: "file" },
      ]);
    });
  });
}
