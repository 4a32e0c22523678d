#pragma once
// regent hmm as people run it, in a folder of its own for each test.

#include <gmock/gmock.h>

#include "tests/base/command_test.hpp"

namespace regent::hmm::test {

using regent::test::Outcome;

inline bool can_draw() {
  return regent::test::can_draw(REGENT_SOURCE_FOLDER, "matplotlib, pyarrow");
}

class HmmCommand : public regent::test::CommandTest {
 protected:
  Outcome run(const std::string& arguments) const {
    return regent::test::run_in(folder_.path(), REGENT_HMM_PROGRAM " " + arguments);
  }
};

inline const std::string umbrella_model = R"({"format": "regent-hmm/1", "labels": ["rain", "dry"],
  "start": [0.5, 0.5], "transition": [[0.7, 0.3], [0.3, 0.7]]})";
// log .9 .2 with an umbrella, log .1 .8 without: yes, yes, no, yes, yes
inline const std::string umbrella_emissions =
    "rain,dry\n-0.10536051565782628,-1.6094379124341003\n-0.10536051565782628,-1.6094379124341003\n"
    "-2.3025850929940455,-0.2231435513142097\n-0.10536051565782628,-1.6094379124341003\n"
    "-0.10536051565782628,-1.6094379124341003\n";
inline const std::string two_states = R"({"format": "regent-hmm/1", "features": ["r"],
  "labels": ["calm", "chaos"], "start": [0.6, 0.4], "transition": [[0.9, 0.1], [0.2, 0.8]],
  "emission": {"kind": "gaussian", "means": [[0.5], [-1]], "covariances": [[[1]], [[9]]]}})";

}  // namespace regent::hmm::test
