/**
 * Servers of other makers on a folder, for tests against the real thing. Each is started on a free loopback port with its
 * own temporary configuration, and only what was started here is ended.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type PeerName = "python" | "nginx" | "caddy" | "apache" | "lighttpd";

export type Peer = { readonly port: number; readonly stop: () => Promise<void> };

type Program = { readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>> };

const EXECUTABLES: Readonly<Record<PeerName, string>> = {
  python: "python3",
  nginx: "nginx",
  caddy: "caddy",
  apache: "apache2",
  lighttpd: "lighttpd",
};
const START_LIMIT_MS = 15_000;

/** Whether this machine has the peer: for `test.skipIf(!hasPeer("nginx"))("… (nginx)", …)`. */
export function hasPeer(name: PeerName): boolean {
  return Bun.which(EXECUTABLES[name]) !== null;
}

/**
 * Starts the peer `name` on `folder` and waits until it accepts connections. nginx takes PUT and DELETE below /upload/, and below
 * /login/ from `ann` with the password `pw`.
 * @param options.lists whether it lists folders (autoindex, browse); Python always does.
 */
export async function startPeer(
  name: PeerName,
  folder: string,
  { lists = false }: { readonly lists?: boolean } = {},
): Promise<Peer> {
  const workFolder = mkdtempSync(join(tmpdir(), `netfile-peer-${name}-`));
  const port = freePort();
  const program = PROGRAMS[name]({ folder, workFolder, port, lists });
  const child = Bun.spawn([...program.command], {
    env: { PATH: process.env["PATH"] ?? "", ...program.env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const stop = async () => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(workFolder, { recursive: true, force: true });
  };
  try {
    await acceptance(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

type Place = {
  readonly folder: string;
  readonly workFolder: string;
  readonly port: number;
  readonly lists: boolean;
};

const PROGRAMS: Readonly<Record<PeerName, (place: Place) => Program>> = {
  python: ({ folder, workFolder, port }) => ({
    command: ["python3", "-m", "http.server", `${port}`, "--bind", "127.0.0.1", "--directory", folder],
    env: { HOME: process.env["HOME"] ?? workFolder },
  }),
  nginx: (place) => ({ command: ["nginx", "-p", place.workFolder, "-c", writeNginxConfig(place)] }),
  caddy: ({ folder, workFolder, port, lists }) => ({
    command: [
      "caddy",
      "file-server",
      "--listen",
      `127.0.0.1:${port}`,
      "--root",
      folder,
      ...(lists ? ["--browse"] : []),
    ],
    env: { HOME: workFolder, XDG_CONFIG_HOME: workFolder, XDG_DATA_HOME: workFolder },
  }),
  apache: (place) => ({ command: ["apache2", "-X", "-f", writeApacheConfig(place)] }),
  lighttpd: (place) => ({ command: ["lighttpd", "-D", "-f", writeLighttpdConfig(place)] }),
};

/** Started by root it goes on as www-data, who has to be let in. */
function writeApacheConfig({ folder, workFolder, port, lists }: Place): string {
  const path = join(workFolder, "apache.conf");
  chmodSync(folder, 0o755);
  const modules = ["mpm_event", "authz_core", "mime", "dir", "autoindex"]
    .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
    .join("\n");
  writeFileSync(
    path,
    `ServerRoot ${workFolder}
${modules}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${workFolder}/apache.pid
ErrorLog ${workFolder}/error.log
User www-data
Group www-data
TypesConfig /dev/null
AddType image/jpeg .jpg
AddDefaultCharset utf-8
IndexOptions FancyIndexing Charset=UTF-8
DocumentRoot ${folder}
<Directory ${folder}>
  Require all granted
  Options ${lists ? "+" : "-"}Indexes
</Directory>
`,
  );
  return path;
}

function writeLighttpdConfig({ folder, workFolder, port, lists }: Place): string {
  const path = join(workFolder, "lighttpd.conf");
  writeFileSync(
    path,
    `server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${workFolder}/error.log"
server.stat-cache-engine = "disable"
server.modules = ( "mod_indexfile", "mod_dirlisting" )
index-file.names = ( "index.html" )
dir-listing.activate = "${lists ? "enable" : "disable"}"
dir-listing.encoding = "utf-8"
mimetype.assign = ( ".jpg" => "image/jpeg", ".txt" => "text/plain" )
`,
  );
  return path;
}

function writeNginxConfig({ folder, workFolder, port, lists }: Place): string {
  const path = join(workFolder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${workFolder}/${kind};`)
    .join(" ");
  writeFileSync(join(workFolder, "passwords"), "ann:{PLAIN}pw\n");
  writeFileSync(
    path,
    `daemon off; master_process off; pid ${workFolder}/nginx.pid; error_log ${workFolder}/error.log;
events { worker_connections 256; }
http {
  access_log off; ${temporary}
  server {
    listen 127.0.0.1:${port};
    root ${folder};
    autoindex ${lists ? "on" : "off"};
    client_max_body_size 64m;
    location / { }
    location /upload/ { dav_methods PUT DELETE; create_full_put_path on; }
    location /login/ {
      dav_methods PUT DELETE; create_full_put_path on;
      auth_basic "netfile"; auth_basic_user_file ${workFolder}/passwords;
    }
  }
}
`,
  );
  return path;
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Neither tells when it is ready, so it is asked until it accepts. */
async function acceptance(port: number, child: Bun.Subprocess): Promise<void> {
  const deadlineMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: { data() {}, error() {}, connectError() {} },
      });
      socket.end();
      return;
    } catch (error) {
      if (child.exitCode !== null || performance.now() > deadlineMs) throw error;
      await Bun.sleep(20);
    }
  }
}
