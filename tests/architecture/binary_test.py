"""binary_test.py PROGRAM WORD…: fails when PROGRAM maps a library, or needs a symbol, with one of these words."""

import re
import subprocess
import sys

# How each library shows itself: in the names of mapped files, and in mangled or plain symbol names.
SIGNS = {
    "torch": (r"/lib(torch|c10|caffe2)", r"N5torch|N2at[0-9]|N3c10"),
    "cuda": (r"/lib(cuda|cudart|cublas|cusolver|cusparse|cufft|curand|cudnn|cupti|nvrtc|nccl)",
             r"^cuda[A-Z]|^cu[A-Z]|^__cuda|^cublas|^cusolver"),
    "arrow": (r"/lib(arrow|parquet)", r"N5arrow|N7parquet"),
}


def output_of(*command: str) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def main() -> int:
    program, words = sys.argv[1], sys.argv[2:]
    mapped = output_of("ldd", program)
    needed = [line.split()[-1].split("@")[0] for line in output_of("nm", "-D", "--undefined-only", program) if line.strip()]
    defined = [line.split()[-1] for line in output_of("nm", program) if line.strip()]
    # a check that reads nothing would pass everything
    if not any("libc.so" in line for line in mapped) or not needed:
        print(f"{program}: ldd and nm say nothing about it; is it a dynamic program?")
        return 1
    found = [f"maps {line.strip()}" for word in words for line in mapped if re.search(SIGNS[word][0], line)]
    found += [f"has symbol {name}" for word in words for name in needed + defined if re.search(SIGNS[word][1], name)]
    for line in found[:20]:
        print(f"{program} {line}")
    if not found:
        print(f"{program}: no {', no '.join(words)} in {len(mapped)} mapped files and {len(needed)} needed symbols")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
