# The one place that decides whether CUDA launchers are built. Rooms ask REGENT_HAVE_CUDA.
set(REGENT_HAVE_CUDA OFF)
if(NOT REGENT_CUDA STREQUAL "OFF")
  find_program(REGENT_NVCC nvcc HINTS /usr/local/cuda/bin ENV CUDA_HOME PATH_SUFFIXES bin)
  if(REGENT_NVCC)
    if(NOT CMAKE_CUDA_ARCHITECTURES)
      # device code for A100 and H100/H200, PTX of the newest for what comes after
      set(architectures "80-real;90")
      if(DEFINED ENV{CUDAARCHS})
        # CMake itself reads it in a new build folder only
        set(architectures "$ENV{CUDAARCHS}")
      endif()
      set(CMAKE_CUDA_ARCHITECTURES "${architectures}" CACHE STRING "CUDA architectures")
    endif()
    set(CMAKE_CUDA_COMPILER ${REGENT_NVCC})
    enable_language(CUDA)
    # Debian 12's CMake (3.25.1) sets a property of this target, which toolkits since 12 do not have
    if(NOT TARGET CUDA::nvToolsExt)
      add_library(CUDA::nvToolsExt INTERFACE IMPORTED)
    endif()
    find_package(CUDAToolkit REQUIRED)
    set(REGENT_HAVE_CUDA ON)
    # CMake 3.25 knows no C++20 flag for this toolkit and stops there: tell it.
    set(CMAKE_CUDA_STANDARD 20)
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    add_compile_options($<$<COMPILE_LANGUAGE:CUDA>:-fmad=false>
                        $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>
                        $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-ffp-contract=off>)
  elseif(REGENT_CUDA STREQUAL "ON")
    message(FATAL_ERROR "REGENT_CUDA=ON, but no nvcc was found; install the CUDA 13 toolkit or set REGENT_CUDA=AUTO")
  endif()
endif()
message(STATUS "CUDA launchers: ${REGENT_HAVE_CUDA}")
