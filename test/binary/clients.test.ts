/**
 * `netfile serve` used with the clients that people have: curl, wget, aria2, a browser.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type NetfileServer, runProgram, startNetfile } from "../support/netfile-binary.ts";
import { hasProgram } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { CAREFUL_NAMES, LARGE, makeTestSite, PHOTO } from "../support/test-site.ts";

setDefaultTimeout(60_000);

const site = makeTestSite();
let server: NetfileServer;

beforeAll(async () => {
  server = await startNetfile(["0", site.path], { cwd: site.path });
});
afterAll(async () => {
  await server.stop();
  site[Symbol.dispose]();
});

/** Runs a client in a folder of its own that is handed to `look` with what the client said. */
async function withClient(
  command: readonly string[],
  look: (ran: Awaited<ReturnType<typeof runProgram>>, folder: ScratchFolder) => void,
): Promise<void> {
  using folder = new ScratchFolder();
  look(await runProgram(command, { cwd: folder.path }), folder);
}

describe.skipIf(!hasProgram("curl"))("curl", () => {
  test("saves a file under its own name", async () => {
    await withClient(["curl", "-sSfO", `${server.url}/photo.jpg`], ({ code }, folder) => {
      expect(code).toBe(0);
      expect(folder.bytes("photo.jpg").equals(PHOTO)).toBe(true);
    });
  });

  test.each(CAREFUL_NAMES)("fetches %p by its escaped name", async (name) => {
    const url = `${server.url}/${encodeURIComponent(name)}`;
    await withClient(["curl", "-sSf", "--globoff", url], ({ stdout }) =>
      expect(stdout).toBe(`I am ${name}\n`),
    );
  });

  test("sees the length, the type and the validators with --head, and no body", async () => {
    await withClient(["curl", "-sSfI", `${server.url}/photo.jpg`], ({ stdout }) => {
      expect(stdout).toStartWith("HTTP/1.1 200 OK\r\n");
      for (const field of [
        `Content-Length: ${PHOTO.length}`,
        "Content-Type: image/jpeg",
        'ETag: "',
        "Last-Modified: ",
      ]) {
        expect(stdout).toContain(`\r\n${field}`);
      }
    });
  });

  test.each([
    ["0-99", 0, 100],
    ["500000-", 500_000, PHOTO.length],
    ["-200", PHOTO.length - 200, PHOTO.length],
  ])("takes the range %s", async (range, start, end) => {
    await withClient(["curl", "-sSf", "-r", range, "-o", "part", `${server.url}/photo.jpg`], (_, folder) => {
      expect(folder.bytes("part").equals(PHOTO.subarray(start, end))).toBe(true);
    });
  });

  test("goes on with a file that is there in part (-C -)", async () => {
    using folder = new ScratchFolder({ "photo.jpg": PHOTO.subarray(0, 100_000) });
    const { code } = await runProgram(["curl", "-sSf", "-C", "-", "-O", `${server.url}/photo.jpg`], {
      cwd: folder.path,
    });
    expect(code).toBe(0);
    expect(folder.bytes("photo.jpg").equals(PHOTO)).toBe(true);
  });

  test("asks for a page again only when it has changed (--etag-save, --etag-compare)", async () => {
    const script = `curl -sSf --etag-save tag -o one ${server.url}/notes.txt &&
      curl -sSf --etag-compare tag -o two -w '%{http_code}' ${server.url}/notes.txt`;
    await withClient(["sh", "-c", script], ({ stdout }) => expect(stdout).toBe("304"));
  });

  test("uses one connection for many files", async () => {
    const url = `${server.url}/{notes.txt,photo.jpg,page.html,sub/inner.txt}`;
    await withClient(
      ["curl", "-sSf", "-w", "%{num_connects} ", "-o", "#1.out", "--create-dirs", url],
      ({ stdout }) => {
        expect(stdout).toBe("1 0 0 0 ");
      },
    );
  });

  test("is led from a folder's name to the folder, its query kept", async () => {
    await withClient(
      ["curl", "-sS", "-o", "x", "-w", "%{http_code} %{redirect_url}", `${server.url}/sub?a=b`],
      ({ stdout }) => {
        expect(stdout).toBe(`308 ${server.url}/sub/?a=b`);
      },
    );
  });

  test("gets a folder as JSON when it asks for that", async () => {
    await withClient(
      ["curl", "-sSf", "-H", "Accept: application/json", `${server.url}/sub/`],
      ({ stdout }) => {
        expect(JSON.parse(stdout)).toEqual({
          path: "/sub/",
          entries: [
            { name: "inner.txt", kind: "file", size: 7, modified: expect.stringMatching(/^\d{4}-.*Z$/) },
          ],
        });
      },
    );
  });

  test("gets a compressed text when it can read one", async () => {
    site.write("long.txt", "the same line again and again\n".repeat(2000));
    await withClient(
      ["curl", "-sSf", "--compressed", "-D", "head", `${server.url}/long.txt`],
      ({ stdout }, folder) => {
        expect(folder.text("head")).toMatch(/\r\nContent-Encoding: (gzip|br|zstd)\r\n/);
        expect(stdout).toHaveLength(60_000);
      },
    );
  });

  test("speaks HTTP/1.0 with it too", async () => {
    await withClient(["curl", "-sSf0", "-o", "photo", `${server.url}/photo.jpg`], (_, folder) => {
      expect(folder.bytes("photo").equals(PHOTO)).toBe(true);
    });
  });
});

describe.skipIf(!hasProgram("wget"))("wget", () => {
  test("saves a file under its own name", async () => {
    await withClient(["wget", "-q", `${server.url}/photo.jpg`], ({ code }, folder) => {
      expect(code).toBe(0);
      expect(folder.bytes("photo.jpg").equals(PHOTO)).toBe(true);
    });
  });

  test("mirrors what the listings link to, and finds no hidden file there", async () => {
    await withClient(
      ["wget", "-q", "-r", "-np", "-nH", "-R", "index.html*", `${server.url}/`],
      (_, folder) => {
        const wanted = [
          "diagram.png",
          "large.png",
          "notes.txt",
          "page.html",
          "photo.jpg",
          "sub",
          ...CAREFUL_NAMES,
        ];
        expect(folder.names()).toEqual(
          expect.arrayContaining([...wanted].filter((name) => !/[<>?]/.test(name))),
        );
        expect(folder.text("sub/inner.txt")).toBe("inside\n");
        expect(folder.names().filter((name) => /secret|report/.test(name))).toEqual([]);
      },
    );
  });
});

describe.skipIf(!hasProgram("aria2c"))("aria2", () => {
  test("fetches one file over four connections", async () => {
    const split = ["-x4", "-s4", "--min-split-size=1M", "--quiet", "--allow-overwrite=true"];
    await withClient(["aria2c", ...split, `${server.url}/large.png`], ({ code }, folder) => {
      expect(code).toBe(0);
      expect(folder.bytes("large.png").equals(LARGE)).toBe(true);
    });
  });
});

describe.skipIf(!hasProgram("chromium"))("a browser", () => {
  test("shows the listing, every name as the text that it is", async () => {
    const page = await browse(`${server.url}/`);
    for (const name of ["photo.jpg", "sub", ...CAREFUL_NAMES]) expect(page).toContain(inText(name));
    expect(page).not.toContain("<b>");
    expect(page).not.toMatch(/report\.pdf|\.secret/);
  });

  test("follows a listing's links to every file (without JavaScript)", async () => {
    const listing = await (await fetch(`${server.url}/`)).text();
    const links = [...listing.matchAll(/href="([^"#]+)"/g)].map(([, link = ""]) =>
      link.replaceAll("&amp;", "&"),
    );
    expect(listing).not.toContain("<script");
    for (const name of CAREFUL_NAMES) {
      const found = links
        .map((link) => new URL(link, `${server.url}/`))
        .find(({ pathname }) => decodeURIComponent(pathname) === `/${name}`);
      expect(await (await fetch(found ?? "")).text()).toBe(`I am ${name}\n`);
    }
  });

  test("shows the folder's own index.html", async () => {
    expect(await browse(`${server.url}/with%20index/`)).toContain("The folder's own page");
  });

  test("shows a picture in its size", async () => {
    expect(await browse(`${server.url}/photo.jpg`)).toMatch(/<img[^>]*src="[^"]*\/photo\.jpg"/);
  });

  test("lands on the default page when a file isn't there", async () => {
    const page = await browse(`${server.url}/absent.html`);
    expect(page).toContain("There is no page at this address");
  });
});

/** What a browser shows of a page when it has loaded. */
async function browse(url: string): Promise<string> {
  using home = new ScratchFolder();
  const always = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    `--user-data-dir=${home.path}/p`,
  ];
  return (await runProgram(["chromium", ...always, "--dump-dom", url], { cwd: home.path })).stdout;
}

/** How a browser writes a text down when it dumps a page. */
function inText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
