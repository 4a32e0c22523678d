"""Reads cmake/Arrows.cmake and says which #include lines of a source tree go against it."""

import pathlib
import re

SOURCE_SUFFIXES = {".cpp", ".hpp", ".h", ".cu", ".cuh"}
# Rooms whose folder is not simply their name. A longer path wins.
FOLDERS = {"market/io": "market_io", "hmm/commands": "hmm_commands", "strategies/commands": "strategies_commands",
           "covariance/commands": "covariance_commands", "scenario/commands": "scenario_commands",
           "allocation/commands": "allocation_commands",
           "serving/wire": "wire", "serving/client": "client",
           "serving/http": "http", "serving/server": "server"}
# External libraries that only some rooms may know, by the beginning of what is included.
EXTERNAL = {
    "torch": ("torch/", "ATen/", "c10/", "caffe2/"),
    "arrow": ("arrow/", "parquet/"),
    "zmq": ("zmq.hpp", "zmq.h", "zmq_addon.hpp"),
}
CUDA_HEADERS = re.compile(r"(cuda|cublas|cusolver|curand|cusparse|cufft|nvrtc|thrust|cub|cooperative_groups)[\w./]*$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
ARROW = re.compile(r'^set\(REGENT_ARROWS_(\w+) "([^"]*)"\)', re.MULTILINE)


def read_arrows(root: pathlib.Path) -> dict[str, set[str]]:
    """Room → the rooms and external libraries that it may use."""
    text = (root / "cmake" / "Arrows.cmake").read_text()
    return {room: set(filter(None, used.split(";"))) for room, used in ARROW.findall(text)}


def room_of(path: str, rooms: set[str]) -> str | None:
    """The room a path inside the tree belongs to; None for what is no room (tests, bench, generated files)."""
    for folder, room in FOLDERS.items():
        if path.startswith(folder + "/"):
            return room
    first = path.split("/", 1)[0]
    return first if first in rooms else None


def sources(root: pathlib.Path, rooms: set[str]) -> list[pathlib.Path]:
    folders = {folder.split("/", 1)[0] for folder in FOLDERS} | rooms
    found = (path for folder in folders if (root / folder).is_dir() for path in (root / folder).rglob("*"))
    return sorted({path for path in found if path.suffix in SOURCE_SUFFIXES})


def external_of(included: str) -> str | None:
    for library, beginnings in EXTERNAL.items():
        if included.startswith(beginnings):
            return library
    return None


def violations(root: pathlib.Path) -> list[str]:
    """One line per offence: file:line: what, and what would be allowed."""
    arrows = read_arrows(root)
    rooms = set(arrows)
    found = []
    for path in sources(root, rooms):
        name = path.relative_to(root).as_posix()
        room = room_of(name, rooms)
        text = path.read_text()
        if room is None:
            found.append(f"{name}: lies in no room that cmake/Arrows.cmake knows")
            continue
        for match in INCLUDE.finditer(text):
            included = match.group(1) or match.group(2)
            place = f"{name}:{text.count(chr(10), 0, match.start(1 if match.group(1) else 2)) + 1}"
            used = external_of(included) or room_of(included, rooms)
            if path.suffix in {".cu", ".cuh"} and external_of(included) == "torch":
                found.append(f"{place}: a CUDA source includes the torch header {included}")
            elif used and used != room and used not in arrows[room]:
                allowed = ", ".join(sorted(arrows[room])) or "nothing"
                found.append(f"{place}: room '{room}' includes {included} of '{used}'; it may use {allowed}")
            if path.suffix in {".hpp", ".h"} and match.group(2) and CUDA_HEADERS.match(included):
                found.append(f"{place}: {included} needs the CUDA toolkit; a header must compile without it (use .cuh)")
    return found
