"""Code compiled for AVX2 or AVX-512 defines nothing that other objects could take for theirs: the linker would keep one
copy for all, and a machine without those registers would stop at it. Argument: the build folder of a part of cuda.
Status 77 (skipped) without the lane objects of wide registers."""

import pathlib
import subprocess
import sys


def shared_symbols(path: pathlib.Path, instruction_set: str) -> list[str]:
    lines = subprocess.run(["nm", "-C", "--defined-only", path], check=True, capture_output=True, text=True).stdout.splitlines()
    symbols = [line.split(maxsplit=2)[1:] for line in lines]
    return [name for kind, name in symbols if kind in "WVu" and f"::{instruction_set}::" not in name]


def main() -> int:
    objects = [(path, name) for name in ("avx2", "avx512")
               for path in pathlib.Path(sys.argv[1]).glob(f"CMakeFiles/*lanes_{name}.dir/*.o")]
    if not objects:
        print("skipped: no lane kernels for wide registers here")
        return 77
    offending = [f"{path.name} for {name}: {symbol}" for path, name in objects for symbol in shared_symbols(path, name)]
    print("\n".join(offending) or f"{len(objects)} objects share nothing with others")
    return bool(offending)


if __name__ == "__main__":
    sys.exit(main())
