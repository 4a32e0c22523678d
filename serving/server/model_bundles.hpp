#pragma once
// The bundles of models/ as the server wants them: the one place of serving/ that knows torch.

#include <filesystem>
#include <memory>

#include "serving/server/served_bundles.hpp"

namespace regent::server {

// `folder`: a bundle or a walk-forward set. Throws InputError naming the file and what is wrong.
std::unique_ptr<ServedBundles> load_served_bundles(const std::filesystem::path& folder);

}  // namespace regent::server
