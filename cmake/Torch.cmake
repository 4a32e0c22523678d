# LibTorch as our own imported target. The wheel's CMake package demands a CUDA toolkit and resets
# architectures and flags; we need neither: only libtorch_cpu and libc10 are linked, and on a machine with a GPU
# the programs load libtorch_cuda at start (models/device.hpp). One binary serves all three kinds of machine.
set(torch_home ${REGENT_SITE_PACKAGES}/torch)
if(NOT EXISTS ${torch_home}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "no LibTorch in ${torch_home}: run scripts/setup, or configure with -DREGENT_TORCH=OFF")
endif()
add_library(regent_torch INTERFACE)
add_library(regent::torch ALIAS regent_torch)
target_include_directories(regent_torch SYSTEM INTERFACE ${torch_home}/include/torch/csrc/api/include)
# searched last: the wheel's include folder also holds an fmt of another version than the one spdlog is linked with
target_compile_options(regent_torch INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-idirafter ${torch_home}/include>")
target_link_libraries(regent_torch INTERFACE ${torch_home}/lib/libtorch_cpu.so ${torch_home}/lib/libc10.so)
file(GLOB torch_needs ${REGENT_SITE_PACKAGES}/nvidia/*/lib)  # libtorch_cpu itself needs cudart and cupti
list(TRANSFORM torch_needs PREPEND "-Wl,-rpath-link,")
target_link_options(regent_torch INTERFACE -Wl,-rpath,${torch_home}/lib -Wl,-rpath-link,${torch_home}/lib
                    ${torch_needs})

# LibTorch's headers take longer to read than any file of ours to compile: they are precompiled once, for all targets
# that see them. -DREGENT_PRECOMPILED_HEADERS=OFF shows missing includes.
option(REGENT_PRECOMPILED_HEADERS "Precompile LibTorch's headers" ON)
if(REGENT_PRECOMPILED_HEADERS)
  add_library(regent_torch_headers OBJECT ${PROJECT_SOURCE_DIR}/cmake/torch_headers.cpp)
  target_link_libraries(regent_torch_headers PRIVATE regent::torch spdlog::spdlog)  # for the same definitions
  target_include_directories(regent_torch_headers PRIVATE ${PROJECT_SOURCE_DIR})
  # -fpch-preprocess lets ccache look through it
  target_compile_options(regent_torch_headers PRIVATE -fpch-preprocess)
  target_precompile_headers(regent_torch_headers PRIVATE <torch/torch.h>)
endif()

# regent_precompiled_torch(TARGET room…): for a target that uses a room which knows LibTorch.
function(regent_precompiled_torch target)
  if(NOT TARGET regent_torch_headers)
    return()
  endif()
  foreach(room IN ITEMS models rl trainer)
    if(room IN_LIST ARGN)
      # a program would be compiled with -fPIE, which does not fit headers precompiled with -fPIC
      target_compile_options(${target} PRIVATE -fPIC -fpch-preprocess)
      target_precompile_headers(${target} REUSE_FROM regent_torch_headers)
      return()
    endif()
  endforeach()
endfunction()
