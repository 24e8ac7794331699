import type { Failure } from "./terminal/failure.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";

interface LocalFault {
  code: `local/${string}`;
  exit: ExitCode;
  /** What is wrong; `place` is the file, folder or address. */
  what: (place: string) => string;
  /** What to do about it. */
  hint: string;
}

/** What this machine's system can refuse, by its error code (errno(3)). */
const faults: Readonly<Record<string, LocalFault>> = {
  ENOENT: {
    code: "local/not-found",
    exit: exitCode.notFound,
    what: (place) => `${place} does not exist.`,
    hint: "check the spelling; a relative path starts in the folder in which you stand",
  },
  ENOTDIR: {
    code: "local/not-found",
    exit: exitCode.notFound,
    what: (place) => `${place} does not exist: a part of the path is a file.`,
    hint: "check the spelling; a relative path starts in the folder in which you stand",
  },
  EISDIR: {
    code: "local/is-a-folder",
    exit: exitCode.usage,
    what: (place) => `${place} is a folder, and a file is needed.`,
    hint: "give the file itself",
  },
  EACCES: {
    code: "local/no-permission",
    exit: exitCode.failure,
    what: (place) => `You may not read or write ${place}.`,
    hint: "change its permissions, or choose another place",
  },
  EPERM: {
    code: "local/no-permission",
    exit: exitCode.failure,
    what: (place) => `The system does not permit this on ${place}.`,
    hint: "change its permissions, or choose another place",
  },
  EROFS: {
    code: "local/no-permission",
    exit: exitCode.failure,
    what: (place) => `${place} is on a file system that is read-only.`,
    hint: "choose another place",
  },
  ENOSPC: {
    code: "local/disk-full",
    exit: exitCode.failure,
    what: (place) => `The disk of ${place} is full.`,
    hint: "free some space, or choose another place, and repeat the command",
  },
  EDQUOT: {
    code: "local/disk-full",
    exit: exitCode.failure,
    what: (place) => `Your quota on the disk of ${place} is used up.`,
    hint: "free some space, or choose another place, and repeat the command",
  },
  ENAMETOOLONG: {
    code: "local/not-found",
    exit: exitCode.usage,
    what: (place) => `${place} is longer than a path may be.`,
    hint: "choose a shorter name",
  },
  EMFILE: {
    code: "local/too-many-files",
    exit: exitCode.failure,
    what: (place) => `This process may open no more files; the next one was ${place}.`,
    hint: "raise the limit of open files (`ulimit -n`) and repeat the command",
  },
  EADDRINUSE: {
    code: "local/port-in-use",
    exit: exitCode.failure,
    what: (place) => `Another program listens on ${place}.`,
    hint: "choose another port with --port",
  },
};

/** The failure for what this machine itself has refused; undefined for all other errors. */
export function localFailure(error: unknown): (Failure & { exit: ExitCode }) | undefined {
  const {
    code = "",
    path,
    address,
    port,
  } = error as Partial<NodeJS.ErrnoException> & {
    address?: string;
    port?: number;
  };
  const fault = error instanceof Error && Object.hasOwn(faults, code) ? faults[code] : undefined;
  if (!fault) return undefined;
  const place = path ?? (address === undefined ? "a file" : `${address}:${port}`);
  return { code: fault.code, message: fault.what(place), hint: fault.hint, exit: fault.exit };
}
