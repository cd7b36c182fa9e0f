/**
 * What people type who come from other programs: python -m http.server, miniserve, dufs, serve, caddy; curl, wget, aria2; ftp.
 * netfile has no such flags and words, and says how it does the same. The tables are made when somebody errs, not when a command starts.
 */

/** Flags or words, separated by spaces, and what to do in their place: the end of a sentence. */
export type Habits = readonly (readonly [flags: string, instead: string])[];

/**
 * Finds what to do in the place of `flag`, which a command does not have.
 * @param flag as it is typed, without a value: `-O`, `--directory`; a word in small letters.
 */
export function findHabit(habits: Habits, flag: string): string | undefined {
  return habits.find(([flags]) => flags.split(" ").includes(flag))?.[1];
}

/** The command that does what the word `name` does elsewhere. */
export function findCommandByHabit(name: string): string | undefined {
  return findHabit(
    [
      ["curl wget fetch download pull", "get"],
      ["upload send push", "put"],
      ["server http http-server http.server file-server share host", "serve"],
      ["ls list ftp connect", "shell"],
    ],
    name,
  );
}

const VERSION_HABIT = ["-V --version", "the version is told by netfile --version"] as const;

/** Flags of other servers. */
export function serveHabits(): Habits {
  return [
    ["-d --dir --directory --root --folder", "the folder is a word: netfile serve PORT DIR"],
    [
      "-b --bind --address --addr -i --ip --interface --interfaces",
      "the address is --host ADDRESS; --lan opens the server to your network",
    ],
    ["-l --listen", "the port is the first word, the address --host ADDRESS"],
    [
      "--auth --user --password --basic-auth",
      "it asks nobody for a name; who can reach it is decided by --host and --lan",
    ],
    [
      "--tls --ssl --https --cert --key --tls-cert --tls-key",
      "it speaks plain HTTP; put a proxy before it for TLS",
    ],
    ["--browse --list --listing", "a folder without an index.html is listed without being asked"],
    [
      "--no-index --no-listing --no-browse --disable-indexing",
      "a folder is listed unless it has an index.html; put one there",
    ],
    ["--index --index-file", "a folder that has an index.html shows it without being asked"],
    ["-s --single", "--spa answers what isn't there with index.html"],
    ["--upload-files --allow-upload --enable-upload", "--upload takes files"],
    ["--overwrite --overwrite-files", "--upload --on-exist replace lets uploads replace files"],
    ["--max-size --size-limit --max-body-size", "the largest upload is --max-upload SIZE"],
    ["-A --allow-all", "--allow all serves every type, --upload takes files"],
    ["--types --ext --extensions --mime", "further types are named with --allow LIST"],
    [
      "-H --hidden --dotfiles --show-hidden",
      "names that begin with a dot stay hidden; a field of your own is --header 'Name: value'",
    ],
    ["-c --cache --max-age", "how long browsers may keep files is --header 'Cache-Control: max-age=3600'"],
    [
      "-g --gzip --brotli --compression",
      "text is compressed without being asked; --no-compress turns that off",
    ],
    ["--log --access-log --logfile", "the log of requests is --log-file FILE"],
    ["--threads", "--workers N serves with several processes"],
    [
      "-D --daemon --detach --background",
      'it stays in the foreground; end the line with "&", or let systemd run it',
    ],
    [
      "--timeout",
      "the idle time of a connection is --timeout-max SECONDS, that of the server --idle-exit SECONDS",
    ],
    ["--debug", "--verbose prints more about each request"],
    ["-o --open", "open the address that it prints in a browser"],
    VERSION_HABIT,
  ];
}

/** Flags of other clients that `get` and `put` answer alike. */
function clientHabits(): Habits {
  return [
    ["-L --location --max-redirs --max-redirect", "redirects are followed without being asked"],
    ["-s -S --silent --show-error -nv --no-verbose", "-q prints errors only"],
    ["-v --verbose --debug --include", "the connection and the status are shown without being asked"],
    [
      "--fail --fail-with-body",
      "a status of 400 and more is a failure without being asked (exit codes 3 and 7)",
    ],
    ["--insecure --no-check-certificate --cacert", "it speaks plain HTTP, without certificates"],
    ["-A -U --user-agent -e --referer -b --cookie", "fields of your own are -H 'Name: value'"],
    ["--username --password --http-user --http-password", "a name and its password are --user NAME:PASSWORD"],
    ["--bearer --oauth2-bearer", "a token is sent by -H 'Authorization: Bearer TOKEN'"],
    ["--proxy", "the proxy is the one that http_proxy names in the environment"],
    ["--retry -t --tries --max-tries", "it tries again without being asked, --retries N says how often"],
    ["-w --write-out", "--json tells programs all that is known of a transfer"],
    ["-# --progress --progress-bar", "progress is shown on a terminal without being asked"],
    VERSION_HABIT,
  ];
}

/** Flags of other clients, for `get`. */
export function getHabits(): Habits {
  return [
    [
      "-O --remote-name --output-document --out",
      "a file gets its own name without being asked; -o FILE names it, -o - prints it",
    ],
    [
      "-P -d --dir --directory --directory-prefix --output-dir",
      "the folder to save to is a word: netfile get URL DIR",
    ],
    ["-c -C --continue --continue-at --resume", "what was cut goes on when the same command is run again"],
    ["--mirror -np --no-parent -l --level", "a whole folder is fetched with -r: netfile get -r URL DIR"],
    ["-m", "the time limit is --max-time SECONDS; a folder is mirrored with -r URL DIR"],
    ["-nc --no-clobber", "no file is replaced unless --force is given"],
    ["--overwrite --allow-overwrite --clobber", "--force replaces a file that is there already"],
    [
      "-N --timestamping",
      "a file that is there and unchanged is not fetched again; --force replaces one that differs",
    ],
    ["--split --max-connection-per-server", "-x N is how many connections a file may take"],
    [
      "-J --remote-header-name --content-disposition",
      "the name is that of the URL; the server has no say in it",
    ],
    ["-I --head --spider", "it fetches the content always; -o /dev/null keeps nothing of it"],
    ["--range", "it fetches whole files"],
    ["--rate-limit --max-download-limit", "the rate is limited by --limit-rate SIZE"],
    ["-X --request --method --data --post-data -F --form", "it asks with GET; netfile put sends a file"],
    ["-T --upload-file", "netfile put FILE URL sends a file; the time limit is --timeout SECONDS"],
    ...clientHabits(),
  ];
}

/** Flags of other clients, for `put`. */
export function putHabits(): Habits {
  return [
    ["-T --upload-file", "the file is a word: netfile put FILE URL"],
    [
      "-F --form -d --data --data-binary --post-file",
      "a file is sent as it is: netfile put FILE URL, with POST by --post",
    ],
    ["-X --request --method", "it sends with PUT, and with POST by --post"],
    ["-c -C --continue --continue-at --resume", "what was cut goes on when the same command is run again"],
    [
      "--overwrite --on-exist",
      "whether a file is replaced is the server's choice (netfile serve --on-exist)",
    ],
    ...clientHabits(),
  ];
}

/** Words of ftp, sftp and shells, for the shell's prompt. */
export function shellHabits(): Habits {
  return [
    ["cat less more type", '"get PATH -" prints a file'],
    ["pwd", "the prompt shows the folder there, lcd the one here"],
    ["lpwd lls", "lcd shows the folder here"],
    ["mget mput", "get and put take one file each; netfile get -r and put -r take a whole folder"],
    ["rm del delete rmdir mkdir mv rename", "files are fetched and sent; put makes the folders on the way"],
    ["open connect", "the shell stays with one server; quit, and write: netfile shell HOST PORT"],
  ];
}
