"""Installs the libraries of a bot and packs them. Runs in a builder container, with the task at /input."""

import compileall
import json
import os
import py_compile
import stat
import subprocess
import sys
import zipfile

CODE = "/code"
WORK = "/build"
OUT = WORK + "/out"
TOOLS = WORK + "/tools"
SECRETS = "/run/secrets"
# Output beyond this is dropped, so that a tool that prints without end costs nothing.
MAX_OUTPUT = 1024 * 1024
UV = """uv==0.13.9 \\
  --hash=sha256:5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe \\
  --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 \\
  --hash=sha256:ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375 \\
  --hash=sha256:2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25
"""
PIP = [sys.executable, "-m", "pip"]
QUIET = ["--disable-pip-version-check", "--no-input", "--no-cache-dir"]


def use_secrets():
    """Each secret is a variable of the tools; an index for pip is one for uv, too."""
    secrets = {}
    for name in os.listdir(SECRETS) if os.path.isdir(SECRETS) else []:
        with open(f"{SECRETS}/{name}") as file:
            secrets[name] = file.read().strip()
    for pip, uv in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_EXTRA_INDEX_URL", "UV_INDEX")):
        if pip in secrets or uv in secrets:
            secrets.setdefault(uv, secrets.get(pip))
            secrets.setdefault(pip, secrets.get(uv))
    if "UV_INDEX" in secrets:
        secrets.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # as pip chooses among several indexes
    os.environ.update(secrets)


def main():
    with open("/input/task.json") as file:
        task = json.load(file)
    with open("/input/environment.json") as file:
        os.environ.update(json.load(file))
    use_secrets()
    os.environ.setdefault("UV_CACHE_DIR", WORK + "/tmp/uv")
    os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
    os.environ.setdefault("PIP_ROOT_USER_ACTION", "ignore")
    for folder in ("home", "tmp", "out"):
        os.makedirs(f"{WORK}/{folder}", exist_ok=True)
    binary = [] if task["allowSourceBuilds"] else ["--only-binary", ":all:"]
    lock = lock_of(task, binary)
    say("installing")
    run(
        PIP + ["install", *QUIET, "--progress-bar", "off", "--no-compile", "--no-warn-script-location"]
        + binary + ["--require-hashes", "--target", OUT, "-r", lock],
        WORK,
    )
    say("compiling")
    # Hashes that are never checked: the files never change, and reading their times would make imports slower.
    compileall.compile_dir(
        OUT, quiet=2, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    say("packing")
    pack(WORK + "/result.zip")


def lock_of(task, binary):
    path = WORK + "/requirements.lock"
    if task["tool"] == "uv":
        say("reading uv.lock")
        run(
            [get_uv(), "export", "--locked", "--no-dev", "--no-emit-project", "--quiet", "--format",
             "requirements-txt", "--python", sys.executable, "--output-file", path],
            CODE,
        )
    elif task.get("lock") is not None:
        with open(path, "w") as file:
            file.write(task["lock"])
    else:
        say(f"choosing versions for {task['source']}")
        choose(task["source"], binary, path)
    return path


def choose(source, binary, path):
    uv = get_uv(is_needed=source == "pyproject.toml")
    if uv:
        run(
            [uv, "pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--python", sys.executable,
             *binary, "--output-file", path, source],
            CODE,
        )
        return
    say("uv is not on the index, so pip chooses: the lock is for this architecture alone")
    report = WORK + "/report.json"
    run(
        PIP + ["install", *QUIET, "--progress-bar", "off", "--dry-run", "--ignore-installed", "--target", OUT]
        + binary + ["--report", report, "-r", source],
        CODE,
    )
    with open(report) as file:
        found = json.load(file)["install"]
    with open(path, "w") as file:
        for item in sorted(found, key=lambda item: item["metadata"]["name"].lower()):
            archive = item["download_info"].get("archive_info", {})
            sha256 = archive.get("hashes", {}).get("sha256") or archive.get("hash", "").replace("sha256=", "")
            name, version = item["metadata"]["name"], item["metadata"]["version"]
            file.write(f"{name}=={version} --hash=sha256:{sha256}\n")


def get_uv(is_needed=True):
    with open(WORK + "/uv.txt", "w") as file:
        file.write(UV)
    command = PIP + ["install", *QUIET, "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes",
                     "--target", TOOLS, "-r", WORK + "/uv.txt"]
    if is_needed:
        run(command, WORK)
    elif subprocess.run(command, cwd=WORK, capture_output=True).returncode != 0:
        return None
    return TOOLS + "/bin/uv"


def run(command, folder):
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    printed = 0
    while chunk := process.stdout.read1(65536):
        if printed < MAX_OUTPUT:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            printed += len(chunk)
            if printed >= MAX_OUTPUT:
                say("more output is not shown")
    code = process.wait()
    if code != 0:
        name = "pip" if command[:3] == PIP else os.path.basename(command[0])
        end = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        fail(f"{name} {end}")


def pack(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for folder, folders, files in os.walk(OUT):
            folders.sort()
            for name in sorted(folders + files):
                at = os.path.join(folder, name)
                info = os.lstat(at)
                inner = os.path.relpath(at, OUT)
                problem = problem_of(info.st_mode)
                if problem:
                    fail(f"a package has installed {problem}, '{inner}', which is refused")
                if stat.S_ISDIR(info.st_mode):
                    continue
                entry = zipfile.ZipInfo(inner, (1980, 1, 1, 0, 0, 0))
                entry.external_attr = (0o100755 if info.st_mode & 0o111 else 0o100644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.file_size = info.st_size
                with open(at, "rb") as source, archive.open(entry, "w") as target:
                    while chunk := source.read(1024 * 1024):
                        target.write(chunk)


def problem_of(mode):
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return "a special file"
    if not stat.S_ISDIR(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
        return "a setuid file"
    return None


def say(text):
    print(f"berth: {text}", flush=True)


def fail(text):
    with open(WORK + "/problem", "w") as file:
        file.write(text)
    sys.exit(1)


main()
