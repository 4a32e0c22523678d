# LibTorch and Arrow C++ come from the pinned torch and pyarrow wheels. Their place:
# -DREGENT_SITE_PACKAGES, else .venv (made by scripts/setup), else the first python3 that has both.
if(NOT REGENT_SITE_PACKAGES)
  file(GLOB candidates ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages)
  if(NOT candidates)
    find_program(REGENT_PYTHON3 python3 REQUIRED)
    execute_process(COMMAND ${REGENT_PYTHON3} -c
      "import importlib.util as u, os; print(os.path.dirname(u.find_spec('pyarrow').submodule_search_locations[0]))"
      OUTPUT_VARIABLE candidates OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  list(GET candidates 0 first)
  if(NOT first)
    message(FATAL_ERROR "no pyarrow found: run scripts/setup, or pass -DREGENT_SITE_PACKAGES=…/site-packages")
  endif()
  # the real path, so that compiled objects and rpaths are shared between clones
  file(REAL_PATH ${first} first)
  set(REGENT_SITE_PACKAGES ${first} CACHE PATH "site-packages with torch and pyarrow")
endif()
message(STATUS "wheels: ${REGENT_SITE_PACKAGES}")
