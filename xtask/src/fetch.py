"""Fetch pinned wheels and take files out of them. Run by xtask; standard library only, Python 3.8 or newer.

    fetch.py download FOLDER NEEDED_BYTES WHEEL...    WHEEL is "requirement sha256 filename [url]"
    fetch.py extract FOLDER RULE... -- WHEEL_FILE...  RULE is "folder/in/wheel/=folder/" or "file/in/wheel=file"

Progress goes to stderr. A failure is one line on stdout and exit status 1.
"""

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

# The wheels are taken for one fixed Python ABI, whatever Python runs this: only what lies inside them is used.
PLATFORM = ["--only-binary=:all:", "--ignore-requires-python", "--python-version", "3.12"]
PLATFORM += ["--implementation", "cp", "--abi", "cp312", "--abi", "none"]
for tag in ("manylinux_2_28_x86_64", "manylinux_2_25_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64", "any"):
    PLATFORM += ["--platform", tag]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
CHUNK = 1 << 20
TIMEOUT_S = 30
ATTEMPTS = 5
PARENT = os.getppid()
CHECK_NETWORK = "check the network, or pip's index and proxy settings (pip config list)"


class Failure(Exception):
    pass


class Wheel:
    def __init__(self, folder, text):
        fields = text.split()
        self.requirement, self.sha256, self.filename = fields[:3]
        self.url = fields[3] if len(fields) > 3 else None
        self.path = os.path.join(folder, self.filename)
        self.part = self.path + ".part"

    def partial_bytes(self):
        return os.path.getsize(self.part) if os.path.exists(self.part) else 0


class Progress:
    """One line that moves on a terminal, a line now and then elsewhere."""

    def __init__(self, name, total):
        self.name, self.total, self.began, self.first = name, total, time.monotonic(), None
        self.shown = self.began
        self.tty = sys.stderr.isatty()

    def show(self, done, last=False):
        now = time.monotonic()
        if self.first is None:
            self.first = done
        if not last and now - self.shown < (0.2 if self.tty else 5.0):
            return
        self.shown = now
        rate = (done - self.first) / 1e6 / max(now - self.began, 1e-3)
        of = " of %.0f MB, %3.0f%%" % (self.total / 1e6, 100.0 * done / self.total) if self.total else " MB"
        line = "    %s: %.0f%s, %.0f MB/s" % (self.name, done / 1e6, of, rate)
        if self.tty:
            sys.stderr.write("\r\033[K" + line + ("\n" if last else ""))
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


def say(line):
    sys.stderr.write("    " + line + "\n")
    sys.stderr.flush()


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(CHUNK), b""):
            digest.update(block)
    return digest.hexdigest()


def accept(wheel, path):
    """Give a finished file its final name, if it is what was pinned; remove it otherwise."""
    found = sha256_of(path)
    if found != wheel.sha256:
        os.remove(path)
        raise Failure("%s: wrong checksum: sha256 %s found, %s wanted; the file was removed, run again to fetch it anew"
                      % (wheel.filename, found, wheel.sha256))
    os.replace(path, wheel.path)


def require_space(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Failure("%.1f GB needed in %s, %.1f GB free: make room, or set XDG_CACHE_HOME to a larger disk"
                      % (needed / 1e9, folder, free / 1e9))


def pip_errors(stderr):
    lines = [line[len("ERROR:"):].strip() for line in stderr.splitlines() if line.startswith("ERROR:")]
    return lines[0] if lines else (stderr.strip().splitlines() or ["no message"])[-1]


def requirements_file(folder, wheels):
    path = os.path.join(folder, "requirements.txt")
    with open(path, "w") as f:
        for wheel in wheels:
            f.write("%s --hash=sha256:%s\n" % (wheel.requirement, wheel.sha256))
    return path


def require_pip():
    done = subprocess.run(PIP + ["--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise Failure("%s has no pip: install it (Debian, Ubuntu: apt install python3-pip)" % sys.executable)


def find_urls(wheels):
    """Ask pip, so that its configured index, proxy and certificates hold here too. False: this pip cannot say."""
    require_pip()
    say("asking pip where the wheels are")
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        done = subprocess.run(
            PIP + ["install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--retries", "2"]
            + PLATFORM + ["--target", os.path.join(folder, "target"), "--report", report]
            + ["--require-hashes", "-r", requirements_file(folder, wheels)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        if done.returncode != 0:
            if "no such option" in done.stderr:
                return False
            raise Failure("pip cannot reach the wheels (%s): %s" % (pip_errors(done.stderr), CHECK_NETWORK))
        with open(report) as f:
            found = [entry["download_info"] for entry in json.load(f)["install"]]
    for wheel in wheels:
        for info in found:
            if info.get("archive_info", {}).get("hash") == "sha256=" + wheel.sha256:
                wheel.url = info["url"]
    return all(wheel.url for wheel in wheels)


def tls():
    context = ssl.create_default_context()
    bundle = os.environ.get("PIP_CERT") or os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle:
        done = subprocess.run(PIP + ["config", "get", "global.cert"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True)
        bundle = done.stdout.strip() if done.returncode == 0 else None
    if bundle and os.path.exists(bundle):
        context.load_verify_locations(bundle)
    return context


def download_once(wheel, context):
    """One connection: continue the partial file where the server allows it."""
    have = wheel.partial_bytes()
    request = urllib.request.Request(wheel.url, headers={"Range": "bytes=%d-" % have} if have else {})
    try:
        reply = urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send: the partial file is whole, or is not this file at all
            return
        raise
    with reply:
        if have and reply.status == 206:
            say("continuing %s at %.0f MB" % (wheel.filename, have / 1e6))
        else:
            have = 0
        length = reply.headers.get("Content-Length")
        total = have + int(length) if length else None
        progress = Progress(wheel.filename.split("-cp")[0].split("-py")[0], total)
        with open(wheel.part, "ab" if have else "wb") as out:
            done = have
            for block in iter(lambda: reply.read(CHUNK), b""):
                if os.getppid() != PARENT:  # it held the lock: another run may be writing here now
                    raise KeyboardInterrupt
                out.write(block)
                done += len(block)
                progress.show(done)
        progress.show(done, last=True)
        if total is not None and done < total:
            raise ConnectionError("the connection ended at %d of %d bytes" % (done, total))


def download(wheel, context):
    failures = 0
    while True:
        before = wheel.partial_bytes()
        try:
            download_once(wheel, context)
            break
        except (urllib.error.URLError, ConnectionError, TimeoutError, ssl.SSLError, OSError) as error:
            if isinstance(error, OSError) and error.errno == 28:
                raise
            failures = 1 if wheel.partial_bytes() > before else failures + 1
            refused = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if refused or failures >= ATTEMPTS or (failures >= 2 and wheel.partial_bytes() == 0):
                raise Failure("%s: %s" % (wheel.filename, error))
            say("%s: %s; trying again" % (wheel.filename, error))
            time.sleep(failures)
    accept(wheel, wheel.part)


def download_through_pip(folder, wheels):
    """Where only pip itself gets through. It cannot continue a partial file in older versions."""
    with tempfile.TemporaryDirectory(dir=folder) as into:
        done = subprocess.run(
            PIP + ["download", "--no-cache-dir", "--no-deps"] + PLATFORM + ["-d", into]
            + ["--require-hashes", "-r", requirements_file(into, wheels)],
            stdout=sys.stderr, stderr=subprocess.PIPE, universal_newlines=True)
        if done.returncode != 0:
            raise Failure("pip could not download the wheels (%s): %s" % (pip_errors(done.stderr), CHECK_NETWORK))
        for wheel in wheels:
            accept(wheel, os.path.join(into, wheel.filename))


def fetch(folder, needed, wheels):
    os.makedirs(folder, exist_ok=True)
    missing = []
    for wheel in wheels:
        if os.path.exists(wheel.path) and sha256_of(wheel.path) == wheel.sha256:
            say("%s is here already" % wheel.filename)
        else:
            missing.append(wheel)
    present = sum(os.path.getsize(w.path) for w in wheels if w not in missing) + sum(w.partial_bytes() for w in missing)
    require_space(folder, needed - present)
    if not missing:
        return
    pinned = all(wheel.url for wheel in missing)
    if pinned or find_urls(missing):
        context = tls() if any(wheel.url.startswith("https:") for wheel in missing) else None
        try:
            for wheel in missing:
                download(wheel, context)
            return
        except Failure as failure:
            if pinned or "wrong checksum" in str(failure):
                raise
            say("%s; leaving it to pip" % failure)
    else:
        require_pip()
    download_through_pip(folder, [wheel for wheel in missing if not os.path.exists(wheel.path)])


def extract(folder, rules, wheels):
    unused = dict(rule.split("=", 1) for rule in rules)
    rules = dict(unused)
    for path in wheels:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                for source, target in rules.items():
                    if entry.filename == source:
                        break
                    if source.endswith("/") and entry.filename.startswith(source):
                        target += entry.filename[len(source):]
                        break
                else:
                    continue
                if ".." in target.split("/") or target.startswith("/"):
                    raise Failure("%s holds a path that leaves the folder: %s" % (path, entry.filename))
                unused.pop(source, None)
                target = os.path.join(folder, target)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with archive.open(entry) as reader, open(target, "wb") as out:
                    shutil.copyfileobj(reader, out, CHUNK)
    if unused:
        raise Failure("not in the wheels: %s" % ", ".join(sorted(unused)))


def main(arguments):
    what, folder = arguments[:2]
    try:
        if what == "download":
            fetch(folder, int(arguments[2]), [Wheel(folder, text) for text in arguments[3:]])
        elif what == "extract":
            end = arguments.index("--")
            extract(folder, arguments[2:end], arguments[end + 1:])
        else:
            raise Failure("unknown command %s" % what)
    except Failure as failure:
        print(failure)
        return 1
    except zipfile.BadZipFile as error:
        print("a wheel is damaged (%s): run again to fetch it anew" % error)
        return 1
    except OSError as error:
        if error.errno == 28:
            print("the disk is full (%s): make room, or set XDG_CACHE_HOME to a larger disk; what was fetched is kept"
                  % folder)
        else:
            print(error)
        return 1
    except KeyboardInterrupt:
        # The one who waits for our line has been stopped too.
        sys.stderr.write("\n    stopped; run again to continue\n")
        return 130
    return 0


sys.exit(main(sys.argv[1:]))
