/**
 * Against servers of other makers. A peer that this machine lacks is skipped by name.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { download } from "../../src/client/download.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import type { Session } from "../../src/client/session.ts";
import { StreamedContent } from "../../src/client/streamed-content.ts";
import { upload, uploadStream } from "../../src/client/upload.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  type TemporaryFolder,
} from "../support/client-session.ts";
import { hasPeer, startPeer, type Peer, type PeerName } from "../support/peers.ts";

const BIG_BYTES = 8 * 1024 * 1024 + 7;
const KEEPS_CONNECTIONS: Readonly<Record<PeerName, boolean>> = {
  python: false,
  nginx: true,
  caddy: true,
  apache: true,
  lighttpd: true,
};

for (const name of ["python", "nginx", "caddy", "apache", "lighttpd"] as const) {
  describe.skipIf(!hasPeer(name))(`the client with ${name}`, () => {
    let source: TemporaryFolder;
    let target: TemporaryFolder;
    let session: Session;
    let peer: Peer;
    const big = Buffer.alloc(BIG_BYTES, "0123456789abcdef-");

    beforeAll(async () => {
      source = makeTemporaryFolder();
      target = makeTemporaryFolder();
      session = makeSession();
      mkdirSync(source.at("sub"));
      mkdirSync(source.at("upload"));
      writeFileSync(source.at("big.bin"), big);
      writeFileSync(source.at("empty.txt"), "");
      writeFileSync(source.at("a ü#1.txt"), "hello");
      writeFileSync(source.at("sub/index.html"), "<p>index</p>");
      peer = await startPeer(name, source.path);
    });
    afterAll(async () => {
      session.close();
      await peer.stop();
      source.remove();
      target.remove();
    });

    const get = (path: string) =>
      download(session, {
        url: parseRemoteUrl(`http://127.0.0.1:${peer.port}${path}`),
        destination: { kind: "path", path: target.path },
        force: true,
      });

    test(`gets a big file whole (${name})`, async () => {
      expect((await get("/big.bin")).proof).toBe("length");
      expect(readFileSync(target.at("big.bin")).equals(big)).toBe(true);
    });

    test(`gets an empty file (${name})`, async () => {
      expect((await get("/empty.txt")).bodyBytes).toBe(0);
    });

    test(`gets a name that has to be encoded (${name})`, async () => {
      expect((await get("/a%20%C3%BC%231.txt")).savedPath).toBe(target.at("a ü#1.txt"));
      expect(readFileSync(target.at("a ü#1.txt"), "utf8")).toBe("hello");
    });

    test(`follows to a folder's page, and keeps the first name (${name})`, async () => {
      expect((await get("/sub")).savedPath).toBe(target.at("sub"));
      expect(readFileSync(target.at("sub"), "utf8")).toBe("<p>index</p>");
    });

    test(`tells 404 (${name})`, async () => {
      expect(await transferErrorOf(get("/none"))).toMatchObject({ phase: "answer", status: 404 });
    });

    test(`keeps the connection if the server does (${name})`, async () => {
      await get("/empty.txt");
      expect((await get("/empty.txt")).answer.connection.isReused).toBe(KEEPS_CONNECTIONS[name]);
    });

    test(`uploads a stream, or says that it isn't taken (${name})`, async () => {
      const url = parseRemoteUrl(`http://127.0.0.1:${peer.port}/upload/streamed.bin`);
      const fd = openSync(source.at("big.bin"), "r");
      const running = uploadStream(session, { url, method: "PUT" }, new StreamedContent(fd, "the input"));
      if (name === "nginx") {
        expect((await running).answer.status).toBe(201);
        expect(readFileSync(source.at("upload/streamed.bin")).equals(big)).toBe(true);
      } else {
        expect((await transferErrorOf(running)).phase).toBe("answer");
      }
      closeSync(fd);
    });

    test(`uploads, or says that it isn't taken (${name})`, async () => {
      const url = parseRemoteUrl(`http://127.0.0.1:${peer.port}/upload/new.bin`);
      const running = upload(session, { path: source.at("big.bin"), url, method: "PUT" });
      if (name === "nginx") {
        expect((await running).answer.status).toBe(201);
        expect(readFileSync(source.at("upload/new.bin")).equals(big)).toBe(true);
      } else {
        expect((await transferErrorOf(running)).phase).toBe("answer");
      }
    });
  });
}
