"""Every C++ and CUDA source is laid out as .clang-format says. Status 77 (skipped) without clang-format."""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOT_OURS = {"build", ".deps", ".git", "data", "runs"}


def main() -> int:
    program = shutil.which("clang-format")
    if not program:
        print("skipped: no clang-format here; scripts/setup installs it")
        return 77
    files = sorted(str(path.relative_to(ROOT)) for folder in ROOT.iterdir()
                   if folder.is_dir() and folder.name not in NOT_OURS and not folder.name.startswith(".venv")
                   for path in folder.rglob("*")
                   if path.suffix in {".cpp", ".hpp", ".h", ".cu", ".cuh"})
    if len(files) < 50:
        print(f"only {len(files)} sources found in {ROOT}: that cannot be all")
        return 1
    done = subprocess.run([program, "--dry-run", "-Werror", *files], cwd=ROOT, capture_output=True, text=True)
    offending = sorted({match.group(1) for match in re.finditer(r"^([^\s:]+):\d+:\d+: error:", done.stderr, re.MULTILINE)})
    if done.returncode == 0:
        print(f"{len(files)} sources are laid out as .clang-format says")
    else:
        print(f"{len(offending)} of {len(files)} sources are not; to mend them: clang-format -i {' '.join(offending)}")
        print(done.stderr[:2000])
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
