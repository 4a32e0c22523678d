"""The scripts: their syntax, their pins, and how scripts/setup treats systems, arguments and half-made environments.

Nothing is installed or fetched: a stand-in for the system's Python plays `-m venv` and `pip install`.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# $FAKE_LOG counts environments made; $FAKE_SLOW makes the wheels' installation take that long.
FAKE_PYTHON = r"""#!/usr/bin/env bash
case "$1 $2" in
  "-m venv")
    echo made >>"$FAKE_LOG"
    mkdir -p "$3/bin" "$3/lib/python3.11/site-packages"
    cp "$0" "$3/bin/python" ;;
  "-m pip")
    site=$(dirname "$0")/../lib/python3.11/site-packages
    sleep "${FAKE_SLOW:-0}"
    while read -r pin _; do name=${pin%%==*}; mkdir -p "$site/${name//-/_}-${pin##*==}.dist-info"; done <"${@: -1}" ;;
esac
"""

ENSURE = ('source scripts/lib/common.sh; source scripts/lib/pins.sh; source scripts/lib/environment.sh; '
          'REGENT_SYSTEM_PYTHON=$FAKE_PYTHON; REGENT_PINS=$FAKE_PINS; ensure_environment "$LINK" wheel')


def shell_scripts():
    candidates = [*(ROOT / "scripts").rglob("*"), *(ROOT / ".ci").glob("*")]
    return [p for p in candidates if p.is_file() and (p.suffix == ".sh" or p.read_bytes()[:64].startswith(b"#!/usr/bin/env bash"))]


class Scripts(unittest.TestCase):
    def test_are_valid_bash(self):
        self.assertGreater(len(shell_scripts()), 8)
        for path in shell_scripts():
            done = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
            self.assertEqual((0, ""), (done.returncode, done.stderr), path)

    def test_pass_shellcheck(self):
        if not shutil.which("shellcheck"):
            self.skipTest("no shellcheck here")
        done = subprocess.run(["shellcheck", "-x", "-P", "SCRIPTDIR", "-S", "warning", "-e", "SC2034,SC2154",
                               *map(str, shell_scripts())], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual("", done.stdout)

    def test_can_be_run_and_print_help(self):
        for name in ("setup", "test", "demo", "bench", "bundle-deps", "lint"):
            done = subprocess.run([ROOT / "scripts" / name, "--help"], capture_output=True, text=True)
            self.assertEqual(0, done.returncode, name)
            self.assertIn(f"scripts/{name}", done.stdout)

    def test_refuse_unknown_options(self):
        for name in ("setup", "demo", "bench", "bundle-deps", "lint"):  # scripts/test hands them to ctest
            done = subprocess.run([ROOT / "scripts" / name, "--nonsense"], capture_output=True, text=True)
            self.assertEqual(2, done.returncode, name)
            self.assertIn("nonsense", done.stderr)


class Pins(unittest.TestCase):
    def test_are_complete(self):
        lines = [line.split() for line in (ROOT / "scripts" / "pins").read_text().splitlines()
                 if line.strip() and not line.startswith("#")]
        kinds = {words[0] for words in lines}
        self.assertEqual({"apt", "wheel", "gpu-wheel", "bench", "peer", "torch-peer", "sweep-peer", "dynamax-peer",
                          "allocation-peer", "data"}, kinds)
        for kind, name, *rest in lines:
            self.assertRegex(name, r"^[a-z0-9][a-z0-9.+-]*$")
            if kind == "apt":
                self.assertTrue(rest, f"{name} gives no reason")
                continue
            self.assertRegex(rest[0], r"^\d+(\.\d+)+(\.(post|dev)\d+)?$", name)
            self.assertTrue(all(re.fullmatch("[0-9a-f]{64}", value) for value in rest[1].split(",")), name)
            self.assertTrue(rest[2:], f"{name} gives no reason")
        names = [(words[0], words[1]) for words in lines]
        self.assertEqual(len(set(names)), len(names), "a name is pinned twice")


class Benchmarks(unittest.TestCase):
    def test_are_listed_and_their_peers_pinned(self):
        listed = subprocess.run([ROOT / "scripts" / "bench", "--help"], capture_output=True, text=True).stdout
        kinds = {line.split()[0] for line in (ROOT / "scripts" / "pins").read_text().splitlines() if line.strip()}
        ignored = (ROOT / ".gitignore").read_text().splitlines()
        names = [path.parent.name for path in (ROOT / "bench").glob("*/compare.py")]
        self.assertGreater(len(names), 5)
        for name in names:
            self.assertRegex(listed, rf"(?m)^  {name} ", f"scripts/bench --help does not list {name}")
            needs = ROOT / "bench" / name / "needs-peers"
            if needs.exists():
                word, *named = needs.read_text().split() or [""]
                wanted = named or [word + "-peer" if word else "bench"]
                self.assertLessEqual(set(wanted), kinds, f"the peers of {name} are not pinned")
                self.assertIn(f"/.venv-{word or 'bench'}", ignored)


class Setup(unittest.TestCase):
    def check(self, os_release: str):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(os_release)
            file.flush()
            return subprocess.run([ROOT / "scripts" / "setup", "--check"], capture_output=True, text=True,
                                  env={**os.environ, "REGENT_OS_RELEASE": file.name})

    def test_refuses_a_system_it_does_not_know(self):
        done = self.check("ID=fedora\nVERSION_ID=41\n")
        self.assertEqual(1, done.returncode)
        self.assertIn("this is 'fedora 41'", done.stderr)
        self.assertIn("scripts/pins", done.stderr)

    def test_says_that_ubuntu_is_untested(self):
        self.assertIn("untested", self.check("ID=ubuntu\nVERSION_ID=24.04\n").stdout)


class Programs(unittest.TestCase):
    """Stand-ins for the system's programs, found first."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def stand_in(self, name: str, script: str):
        (self.folder / name).write_text("#!/usr/bin/env bash\n" + script)
        (self.folder / name).chmod(0o755)

    def bash(self, script: str) -> str:
        done = subprocess.run(["bash", "-euc", "set -o pipefail; source scripts/lib/common.sh; " + script], cwd=ROOT,
                              env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "FOLDER": str(self.folder)},
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_sudo_stays_in_the_session_whose_terminal_knows_the_password(self):
        session = "cut -d' ' -f6 /proc/self/stat"
        self.stand_in("sudo", f"{session}\n")
        self.stand_in("other", f"{session}\n")
        logs = self.folder / "with", self.folder / "without"
        own = self.bash(f"{session}; run_logged sudo '{logs[0]}' sudo -v; run_logged other '{logs[1]}' other").split()[0]
        self.assertEqual(own, logs[0].read_text().strip())
        self.assertNotEqual(own, logs[1].read_text().strip())

    def test_a_driver_is_found_in_a_long_list_of_libraries(self):
        self.stand_in("ldconfig", "printf '\\tlibcuda.so.1 (libc6,x86-64) => /lib/libcuda.so.1\\n'; seq 200000\n")
        self.assertEqual("yes", self.bash("source scripts/lib/pins.sh; source scripts/lib/environment.sh; "
                                          "has_gpu && echo yes || echo no").strip())

    def test_a_held_package_is_not_missing(self):
        self.stand_in("dpkg-query", "printf 'ii  installed\\nhi  held\\nrc  removed\\n'\n")
        (self.folder / "pins").write_text("".join(f"apt {name} why\n" for name in ("held", "installed", "removed", "unknown")))
        missing = self.bash('source scripts/lib/pins.sh; source scripts/lib/packages.sh; REGENT_PINS=$FOLDER/pins; '
                            'missing_packages')
        self.assertEqual(["removed", "unknown"], missing.split())


class Environment(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "python").write_text(FAKE_PYTHON)
        (self.folder / "python").chmod(0o755)
        self.pins = self.folder / "pins"
        self.pins.write_text(f"wheel a-b 1.0 {'0' * 64} why\nwheel c 2.0 {'1' * 64},{'2' * 64} why\n")
        self.log = self.folder / "log"
        self.link = self.folder / ".venv"
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache"), "LINK": str(self.link),
                            "FAKE_PYTHON": str(self.folder / "python"), "FAKE_PINS": str(self.pins), "FAKE_LOG": str(self.log)}

    def start(self, **more: str):
        return subprocess.Popen(["bash", "-euc", "set -o pipefail; " + ENSURE], cwd=ROOT, env={**self.environment, **more},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ensure(self, **more: str):
        process = self.start(**more)
        output = process.communicate(timeout=60)
        return process.returncode, *output

    def made(self) -> int:
        return len(self.log.read_text().split()) if self.log.exists() else 0

    def test_is_made_once_and_then_kept(self):
        for _ in range(2):
            self.assertEqual(0, self.ensure()[0])
        self.assertEqual(1, self.made())
        self.assertTrue((self.link / "lib/python3.11/site-packages/a_b-1.0.dist-info").is_dir())

    def test_is_made_once_when_two_ask_at_once(self):
        both = [self.start(FAKE_SLOW="1") for _ in range(2)]
        for process in both:
            _, errors = process.communicate(timeout=60)
            self.assertEqual(0, process.returncode, errors)
        self.assertEqual(1, self.made())

    def test_is_made_anew_after_a_kill_halfway(self):
        process = self.start(FAKE_SLOW="3")
        while not self.made():
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertFalse(self.link.is_symlink(), "a half-made environment is linked")
        self.assertEqual(0, self.ensure()[0])
        self.assertEqual(2, self.made())

    def test_is_made_anew_when_a_wheel_was_deleted(self):
        self.ensure()
        shutil.rmtree(self.link / "lib/python3.11/site-packages/c-2.0.dist-info")
        self.assertEqual(0, self.ensure()[0])
        self.assertEqual(2, self.made())

    def test_is_another_one_when_a_pin_changes(self):
        self.ensure()
        before = self.link.resolve()
        self.pins.write_text(self.pins.read_text().replace("2.0", "2.1"))
        self.assertEqual(0, self.ensure()[0])
        self.assertNotEqual(before, self.link.resolve())
        self.assertTrue(before.is_dir(), "another clone may still use the old one")

    def test_does_not_replace_a_folder_that_is_no_link(self):
        self.link.mkdir()
        code, _, errors = self.ensure()
        self.assertEqual(1, code)
        self.assertIn("move it away", errors)
        self.assertTrue(self.link.is_dir() and not self.link.is_symlink())


if __name__ == "__main__":
    unittest.main()
