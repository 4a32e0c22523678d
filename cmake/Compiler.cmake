set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(REGENT_CCACHE ccache)
if(REGENT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${REGENT_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${REGENT_CCACHE})
endif()

# The same source must mean the same rounding on CPU and GPU: no contraction, fma() where it is meant.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra>
                    $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>)  # designated initialisers leave defaults out
if(REGENT_WARNINGS_AS_ERRORS)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
# Release keeps symbols small and assertions off; our own invariants (base/error.hpp) stay on everywhere.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

if(REGENT_SANITIZE)
  # g++ 12 sees uninitialised members in its own std::regex and std::optional when it instruments them; the
  # release build keeps the warning for every source
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${REGENT_SANITIZE}>
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all>)
  # a third of the compile time, for what AddressSanitizer stops at too, and for alignment: regent_reads_bytes()
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=vptr,null,object-size,pointer-overflow,alignment>)
  add_link_options(-fsanitize=${REGENT_SANITIZE})
endif()
