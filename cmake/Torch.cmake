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
