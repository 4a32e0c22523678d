"""Every #include obeys the arrows of docs/architecture.md."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import arrows  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Arrows(unittest.TestCase):
    def test_every_include_obeys_them(self):
        self.assertEqual([], arrows.violations(ROOT))

    def test_the_tree_was_really_read(self):
        rooms = arrows.read_arrows(ROOT)
        self.assertIn("base", rooms["engine"])
        read = {arrows.room_of(path.relative_to(ROOT).as_posix(), set(rooms)) for path in arrows.sources(ROOT, set(rooms))}
        self.assertEqual(set(rooms), read, "a room of cmake/Arrows.cmake has no source file, or its folder is unknown")


class PlantedOffence(unittest.TestCase):
    """The check itself: it sees what it is there for."""

    def offences(self, **files: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "cmake").mkdir()
            (root / "cmake" / "Arrows.cmake").write_text(
                'set(REGENT_ARROWS_base "")\nset(REGENT_ARROWS_market "base")\n'
                'set(REGENT_ARROWS_market_io "base;market;arrow")\nset(REGENT_ARROWS_cuda "base")\n'
                'set(REGENT_ARROWS_models "base;torch")\nset(REGENT_ARROWS_wire "base")\n')
            for name, text in files.items():
                path = root / name.replace("__", "/").replace("_dot_", ".")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return arrows.violations(root)

    def test_is_found_between_rooms(self):
        found = self.offences(base__a_dot_cpp='#include <vector>\n#include "market/panel.hpp"\n')
        self.assertEqual(1, len(found))
        self.assertIn("base/a.cpp:2: room 'base' includes market/panel.hpp of 'market'", found[0])

    def test_is_found_towards_a_room_within_a_folder(self):
        found = self.offences(market__a_dot_hpp='  # include "market/io/panel_file.hpp"\n')
        self.assertIn("of 'market_io'", found[0])
        self.assertIn("of 'market'", self.offences(serving__wire__a_dot_cpp='#include "market/panel.hpp"')[0])

    def test_is_found_towards_an_external_library(self):
        self.assertIn("of 'torch'", self.offences(market__a_dot_cpp="#include <torch/torch.h>")[0])
        self.assertIn("of 'arrow'", self.offences(market__a_dot_cpp='#include "arrow/api.h"')[0])
        self.assertIn("of 'zmq'", self.offences(wire__a_dot_cpp="x", serving__wire__a_dot_cpp="#include <zmq.hpp>")[-1])

    def test_is_found_in_cuda_sources_and_headers(self):
        self.assertIn("a CUDA source includes the torch", self.offences(models__a_dot_cu="#include <torch/torch.h>")[0])
        self.assertIn("needs the CUDA toolkit", self.offences(cuda__a_dot_hpp="#include <cuda_runtime.h>")[0])

    def test_is_not_seen_where_all_is_well(self):
        self.assertEqual([], self.offences(
            market__a_dot_cpp='#include <vector>\n#include "base/error.hpp"\n// #include "market/io/panel_file.hpp"\n',
            market__io__a_dot_cpp='#include <arrow/api.h>\n#include "market/panel.hpp"\n',
            models__a_dot_cpp="#include <torch/torch.h>", cuda__a_dot_cuh="#include <cuda_runtime.h>",
            cuda__a_dot_cpp='#include "cuda/b.hpp"'))


if __name__ == "__main__":
    unittest.main()
