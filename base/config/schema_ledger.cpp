#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> ledger_keys() {
  return {
      {"ledger.anchor_sync",
       ValueType::integer,
       "16",
       "commits",
       "The anchor beside the ledger is written at every commit and synced to the disk at every so many "
       "commits and at the end; 1: at each.",
       1,
       1000000,
       {}},
  };
}

}  // namespace regent
