"""Goes on in the interpreter that the commands draw with, and finds scripts/plots. For tests of pictures: status 77
(skipped) where `require` misses a module."""

import importlib
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
OWN_PYTHON = ROOT / ".venv/bin/python"
if OWN_PYTHON.exists() and pathlib.Path(sys.executable) != OWN_PYTHON:
    os.execv(OWN_PYTHON, [str(OWN_PYTHON), *sys.argv])
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts/plots"))


def require(*modules):
    try:
        for module in modules:
            importlib.import_module(module)
    except ImportError as missing:
        print(f"skipped: {missing}; scripts/setup installs it")
        sys.exit(77)
