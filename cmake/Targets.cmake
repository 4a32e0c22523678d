# regent_unity(TARGET): what a target needs whose sources are compiled together (CMAKE_UNITY_BUILD, on in the presets:
# most of a file's compile time goes into the headers that it shares with its neighbours).
function(regent_unity target)
  if(CMAKE_UNITY_BUILD)
    # g++ warns of types of a source's own in a file that it was only included into
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
endfunction()

# regent_optimised(TARGET): under the sanitizers targets are compiled with -O0, in half the time; this one's loops would
# run for minutes then.
function(regent_optimised target)
  if(REGENT_SANITIZE)
    target_compile_options(${target} PRIVATE -Og)
  endif()
endfunction()

# regent_reads_bytes(TARGET): one that sees typed values in raw bytes: the sanitizers check their alignment.
function(regent_reads_bytes target)
  if(REGENT_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fsanitize=alignment)
  endif()
endfunction()

# regent_quickly_compiled(TARGET): one that calls what takes time, compiled with -O2 in its room, and prints what comes of
# it: -O1 spares a quarter of the compile time. Precompiled headers must not differ in it.
function(regent_quickly_compiled target)
  get_target_property(precompiled ${target} PRECOMPILE_HEADERS_REUSE_FROM)
  if(NOT precompiled)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# regent_room(NAME SOURCES … [USES room…] [LIBRARIES external…]): the static library regent::NAME.
function(regent_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  add_library(regent_${name} STATIC ${ROOM_SOURCES})
  add_library(regent::${name} ALIAS regent_${name})
  regent_unity(regent_${name})
  target_include_directories(regent_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  regent_precompiled_torch(regent_${name} ${name} ${ROOM_USES})
  if(name MATCHES "_commands$")
    regent_quickly_compiled(regent_${name})
  endif()
  list(TRANSFORM ROOM_USES PREPEND regent::)
  target_link_libraries(regent_${name} PUBLIC ${ROOM_USES} ${ROOM_LIBRARIES} PRIVATE ${ROOM_PRIVATE_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY REGENT_ROOMS ${name})
endfunction()

# regent_program(NAME SOURCES … USES room… [LIBRARIES external…]): an executable in build/<preset>/bin.
function(regent_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  regent_unity(${name})
  regent_precompiled_torch(${name} ${PROGRAM_USES})
  if(NOT name MATCHES "^bench-")
    regent_quickly_compiled(${name})
  endif()
  list(TRANSFORM PROGRAM_USES PREPEND regent::)
  target_link_libraries(${name} PRIVATE ${PROGRAM_USES} ${PROGRAM_LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# regent_test(NAME SOURCES … USES room… [LIBRARIES external…]): a GoogleTest executable, each case a ctest case; under
# the sanitizers, where starting a program takes longer than most cases do, a share of them (GTEST_FILTER chooses).
function(regent_test name)
  if(NOT REGENT_TESTS)
    return()
  endif()
  cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;USES;LIBRARIES" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  regent_unity(${name})
  regent_precompiled_torch(${name} ${TEST_USES})
  regent_quickly_compiled(${name})
  list(TRANSFORM TEST_USES PREPEND regent::)
  target_link_libraries(${name} PRIVATE ${TEST_USES} ${TEST_LIBRARIES} GTest::gmock GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  if(REGENT_SANITIZE)
    regent_test_shares(${name} ${TEST_TIMEOUT})
  else()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 TEST_PREFIX "${name}."
                         PROPERTIES TIMEOUT ${TEST_TIMEOUT})
  endif()
endfunction()

function(regent_test_shares name timeout)
  set(shares 4)
  math(EXPR timeout "${shares} * ${timeout}")
  foreach(share RANGE 1 ${shares})
    math(EXPR index "${share} - 1")
    add_test(NAME ${name}.share${share} COMMAND ${name})
    set_tests_properties(${name}.share${share} PROPERTIES TIMEOUT ${timeout}
                         ENVIRONMENT "GTEST_TOTAL_SHARDS=${shares};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
