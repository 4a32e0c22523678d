#pragma once

namespace regent {

// "0.1.0"
const char* version();

}  // namespace regent
