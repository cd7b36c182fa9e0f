/**
 * `netfile get` and `netfile put` used with the servers that people have.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { utimesSync } from "node:fs";
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
      if (!isMissing) peer = await startPeer(name, site.path, { lists: true });
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

    test.skipIf(isMissing)("get twice leaves what is there as it is, and is content", async () => {
      using folder = new ScratchFolder();
      await get(folder.path, "photo.jpg");
      const { code, stderr } = await get(folder.path, "photo.jpg");
      expect(code).toBe(0);
      expect(stderr).toMatch(/Already there: photo\.jpg — .*, unchanged, by its size and date/);
    });

    test.skipIf(isMissing)("get tells of a file that is not there with exit code 3", async () => {
      using folder = new ScratchFolder();
      const { code, stderr } = await get(folder.path, "absent.txt");
      expect({ code, names: folder.names() }).toEqual({ code: 3, names: [] });
      expect(stderr).toContain("404");
    });

    test.skipIf(isMissing)("put does not say that a file was replaced which was not", async () => {
      using folder = new ScratchFolder({ "old.txt": "new\n" });
      site.write("old.txt", "old\n");
      const hourAgo = Date.now() / 1000 - 3600;
      utimesSync(site.at("old.txt"), hourAgo, hourAgo);
      const { code } = await runNetfile(["put", "127.0.0.1", String(peer.port), "old.txt"], {
        cwd: folder.path,
      });
      expect([1, 3, 7]).toContain(code ?? 0);
      expect(site.bytes("old.txt").toString()).toBe("old\n");
    });

    test.skipIf(isMissing)("the shell lists its folders", async () => {
      using folder = new ScratchFolder();
      const { code, stdout } = await runNetfile(["shell", "127.0.0.1", String(peer.port)], {
        cwd: folder.path,
        stdin: "ls\ncd sub\nls\n",
      });
      expect(code).toBe(0);
      const lines = stdout.split("\n").map((line) => line.trim().split("  ").at(-1));
      expect(lines).toContain("photo.jpg");
      expect(lines).toContain("sub/");
      expect(lines).toContain("inner.txt");
    });
  },
);

/** Runs with nginx on an inbox that it may write to, and a folder of files to send. */
async function withNginx(run: (port: number, own: ScratchFolder, inbox: ScratchFolder) => Promise<void>) {
  using own = new ScratchFolder({ "photo.jpg": PHOTO });
  using inbox = new ScratchFolder();
  for (const name of ["upload", "login"]) inbox.folder(name);
  for (const name of [".", "upload", "login"]) inbox.chmod(name, 0o777);
  const peer = await startPeer("nginx", inbox.path);
  try {
    await run(peer.port, own, inbox);
  } finally {
    await peer.stop();
  }
}

describe("put to nginx", () => {
  const isMissing = process.env["NETFILE_TEST_ALL"] !== "1" && !hasPeer("nginx");

  test.skipIf(isMissing)("saves the file there, whole", () =>
    withNginx(async (port, own, inbox) => {
      const words = ["put", "127.0.0.1", String(port), "photo.jpg", "upload/photo.jpg"];
      const { code } = await runNetfile(words, { cwd: own.path });
      expect(code).toBe(0);
      expect(inbox.bytes("upload/photo.jpg").equals(PHOTO)).toBe(true);
    }),
  );

  test.skipIf(isMissing)("saves what comes out of a pipe", () =>
    withNginx(async (port, own, inbox) => {
      const words = ["put", "127.0.0.1", String(port), "-", "upload/piped.png"];
      const { code } = await runNetfile(words, { cwd: own.path, stdin: LARGE });
      expect(code).toBe(0);
      expect(inbox.bytes("upload/piped.png").equals(LARGE)).toBe(true);
    }),
  );

  test.skipIf(isMissing)("logs in where it has to, also with -r and in a shell", () =>
    withNginx(async (port, own, inbox) => {
      const options = { cwd: own.path, env: { NETFILE_PASSWORD: "pw", HOME: own.path } };
      const url = `http://127.0.0.1:${port}/login`;
      const refused = await runNetfile(["put", "photo.jpg", `${url}/0.jpg`], options);
      expect([refused.code, refused.stderr.includes("401")]).toEqual([3, true]);
      own.write(".netrc", "machine 127.0.0.1 login ann password pw\n");
      const runs = [
        ["put", "photo.jpg", `${url}/1.jpg`, "--user", "ann:pw"],
        ["put", "photo.jpg", `${url}/2.jpg`, "--netrc"],
        ["put", "photo.jpg", `${url}/3.jpg`, "-H", "Authorization: Basic YW5uOnB3"],
        ["put", "-r", ".", `${url}/all/`, "--user", "ann"],
        ["shell", "127.0.0.1", String(port), "--user", "ann", "--script", "requests.txt"],
      ];
      own.write("requests.txt", "put photo.jpg login/5.jpg\n");
      for (const words of runs) expect(await runNetfile(words, options)).toMatchObject({ code: 0 });
      for (const name of ["1.jpg", "2.jpg", "3.jpg", "all/photo.jpg", "5.jpg"]) {
        expect(inbox.bytes(`login/${name}`).equals(PHOTO)).toBe(true);
      }
    }),
  );
});
