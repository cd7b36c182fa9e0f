/**
 * `netfile get` and `netfile put` used with the servers that people have.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { runNetfile } from "../support/netfile-binary.ts";
import { hasPeer, startPeer, type Peer, type PeerName } from "../support/peers.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { LARGE, makeTestSite, PHOTO } from "../support/test-site.ts";

setDefaultTimeout(60_000);

const site = makeTestSite();
afterAll(() => site[Symbol.dispose]());

describe.each<[PeerName]>([["nginx"], ["python"], ["caddy"], ["apache"], ["lighttpd"]])(
  "with %s's server",
  (name) => {
    const isMissing = process.env["NETFILE_TEST_ALL"] !== "1" && !hasPeer(name);
    let peer: Peer;
    beforeAll(async () => {
      if (!isMissing) peer = await startPeer(name, site.path);
    });
    afterAll(() => (isMissing ? undefined : peer.stop()));

    const get = (cwd: string, ...words: readonly string[]) =>
      runNetfile(["get", "127.0.0.1", String(peer.port), ...words], { cwd });

    test.skipIf(isMissing)("get saves a photo", async () => {
      using folder = new ScratchFolder();
      const { code, stderr } = await get(folder.path, "photo.jpg");
      expect({ code, names: folder.names() }).toEqual({ code: 0, names: ["photo.jpg"] });
      expect(folder.bytes("photo.jpg").equals(PHOTO)).toBe(true);
      expect(stderr).toMatch(/status\s+200 OK/);
      expect(stderr).toContain("length only");
    });

    test.skipIf(isMissing)(
      "get saves a file larger than any buffer, under the name of its choice",
      async () => {
        using folder = new ScratchFolder();
        expect((await get(folder.path, "large.png", "renamed.png")).code).toBe(0);
        expect(folder.bytes("renamed.png").equals(LARGE)).toBe(true);
      },
    );

    test.skipIf(isMissing)("get tells of a file that is not there with exit code 3", async () => {
      using folder = new ScratchFolder();
      const { code, stderr } = await get(folder.path, "absent.txt");
      expect({ code, names: folder.names() }).toEqual({ code: 3, names: [] });
      expect(stderr).toContain("404");
    });
  },
);

describe("put to nginx", () => {
  test.skipIf(process.env["NETFILE_TEST_ALL"] !== "1" && !hasPeer("nginx"))(
    "saves the file there, whole",
    async () => {
      using folder = new ScratchFolder({ "photo.jpg": PHOTO });
      using inbox = new ScratchFolder();
      inbox.folder("upload");
      inbox.chmod(".", 0o777);
      inbox.chmod("upload", 0o777);
      const peer = await startPeer("nginx", inbox.path);
      try {
        const words = ["put", "127.0.0.1", String(peer.port), "photo.jpg", "upload/photo.jpg"];
        const { code } = await runNetfile(words, { cwd: folder.path });
        expect(code).toBe(0);
        expect(inbox.bytes("upload/photo.jpg").equals(PHOTO)).toBe(true);
      } finally {
        await peer.stop();
      }
    },
  );
});
