# Helpers for tests. Every test is one ctest entry, so that one summary counts
# all of them: a GoogleTest program, a folder of pytest files, a fuzz target
# with its seed corpus, a script, and the lit suite. test/README.md explains
# how to use each.

include_guard(GLOBAL)

# The pinned Python tools; tools/lib/python.sh creates the environment.
set(TENON_VENV "${PROJECT_SOURCE_DIR}/build/venv" CACHE PATH
  "Virtual environment with the packages of tools/requirements.txt")
set(TENON_PYTHON "${TENON_VENV}/bin/python")

set(TENON_TEST_ENVIRONMENT
  "TENON_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "TENON_BUILD_DIR=${PROJECT_BINARY_DIR}"
  "TENON_SANITIZE=${TENON_SANITIZE}"
  "TENON_LLVM_BIN=${LLVM_TOOLS_BINARY_DIR}"
  "PYTHONDONTWRITEBYTECODE=1"
  "PYTHONPATH=${PROJECT_SOURCE_DIR}/test/lib/python"
  "PYTHONUTF8=1"
  "XDG_CACHE_HOME=${PROJECT_BINARY_DIR}/test/cache"
  "ASAN_OPTIONS=detect_container_overflow=0:allow_user_poisoning=0:abort_on_error=0"
  "TSAN_OPTIONS=ignore_noninstrumented_modules=1"
  "UBSAN_OPTIONS=print_stacktrace=1")

# tenon_test_properties(<ctest name> <kind>): environment, label and limit.
function(tenon_test_properties name kind)
  set_tests_properties(${name} PROPERTIES LABELS ${kind} TIMEOUT 1200
    ENVIRONMENT "${TENON_TEST_ENVIRONMENT}")
endfunction()

# Everything that tests need built; part of the default target.
add_custom_target(tenon-test-programs ALL)

# tenon_test_depends(<target>...): what a test needs built. Looked up when all
# folders are known, so that a test may name a target of a later folder.
function(tenon_test_depends)
  set_property(GLOBAL APPEND PROPERTY TENON_TEST_DEPENDS ${ARGN})
endfunction()
function(tenon_finish_tests)
  get_property(targets GLOBAL PROPERTY TENON_TEST_DEPENDS)
  foreach(target IN LISTS targets)
    if(TARGET ${target})
      add_dependencies(tenon-test-programs ${target})
    else()
      message(WARNING "a test needs the target ${target}, which does not exist")
    endif()
  endforeach()
endfunction()
cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL tenon_finish_tests)

# tenon_add_unittest(<name> <source>... [LINK <library>...] [ARGS <arg>...]
#                    [NO_MLIR])
# A GoogleTest program; ctest entry unit/<name>. NO_MLIR: the program tests the
# runtime and is built without LLVM's options (exceptions on).
function(tenon_add_unittest name)
  cmake_parse_arguments(A "NO_MLIR" "" "LINK;ARGS;DEPENDS" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  if(A_NO_MLIR)
    target_compile_options(${name} PRIVATE -Wall -Wextra
      -Wno-unused-parameter $<$<BOOL:${TENON_WERROR}>:-Werror>)
    tenon_sanitize(${name})
    target_link_libraries(${name} PRIVATE ${A_LINK} GTest::gtest_main)
  else()
    tenon_compile_options(${name})
    tenon_use_pch(${name})
    target_link_libraries(${name} PRIVATE ${A_LINK} GTest::gtest_main
      MLIR LLVM)
  endif()
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/test/bin)
  tenon_test_depends(${name} ${A_DEPENDS})
  add_test(NAME unit/${name} COMMAND ${name} --gtest_brief=1 ${A_ARGS})
  tenon_test_properties(unit/${name} unit)
endfunction()

# tenon_add_pytest(<name> <folder or file>... [DEPENDS <target>...]
#                  [ARGS <pytest argument>...] [COST <seconds>])
# pytest files; ctest entry py/<name>. A run that collects no test fails. The
# costliest start first.
function(tenon_add_pytest name)
  cmake_parse_arguments(A "" "COST" "DEPENDS;ARGS" ${ARGN})
  set(paths)
  foreach(path IN LISTS A_UNPARSED_ARGUMENTS)
    get_filename_component(path "${path}" ABSOLUTE)
    list(APPEND paths "${path}")
  endforeach()
  tenon_test_depends(${A_DEPENDS})
  add_test(NAME py/${name} COMMAND ${TENON_PYTHON} -m pytest -q -p
    no:cacheprovider --rootdir ${PROJECT_SOURCE_DIR}/test ${A_ARGS} ${paths})
  tenon_test_properties(py/${name} py)
  if(A_COST)
    set_tests_properties(py/${name} PROPERTIES COST ${A_COST})
  endif()
endfunction()

# tenon_add_script_test(<name> <script> [DEPENDS <target>...] [ARGS <arg>...])
# A bash script whose exit status is the verdict; ctest entry script/<name>.
function(tenon_add_script_test name script)
  cmake_parse_arguments(A "" "" "DEPENDS;ARGS" ${ARGN})
  get_filename_component(script "${script}" ABSOLUTE)
  tenon_test_depends(${A_DEPENDS})
  add_test(NAME script/${name} COMMAND bash ${script} ${A_ARGS})
  tenon_test_properties(script/${name} script)
endfunction()

# tenon_add_fuzzer(<name> <target source>... [INSTRUMENT <source>...]
#                  [LINK <library>...] [CORPUS <folder>] [DICT <file>]
#                  [SECONDS <n>] [NO_MLIR])
# A libFuzzer program test/bin/<name>; ctest entry fuzz/<name> replays the seed
# corpus and fuzzes on for SECONDS (default 5). The target and the INSTRUMENT
# sources (library files, root-relative) are compiled with coverage, ASan and
# UBSan in every build; what LINK names has the instrumentation of the build,
# so a target over MLIR code gets full coverage from the fuzz preset only.
function(tenon_add_fuzzer name)
  cmake_parse_arguments(A "NO_MLIR" "CORPUS;DICT;SECONDS" "INSTRUMENT;LINK"
    ${ARGN})
  if(NOT TENON_BUILD_FUZZERS)
    return()
  endif()
  set(sources ${A_UNPARSED_ARGUMENTS})
  foreach(source IN LISTS A_INSTRUMENT)
    list(APPEND sources ${PROJECT_SOURCE_DIR}/${source})
  endforeach()
  add_executable(${name} ${sources})
  set(flags -fsanitize=fuzzer,address,undefined -fno-sanitize=vptr,function)
  target_compile_options(${name} PRIVATE -O1 -g -fno-omit-frame-pointer
    -Wall -Wextra -Wno-unused-parameter $<$<BOOL:${TENON_WERROR}>:-Werror>
    ${flags} -fno-sanitize-recover=all)
  target_link_options(${name} PRIVATE ${flags})
  if(A_NO_MLIR)
    target_link_libraries(${name} PRIVATE ${A_LINK})
  else()
    target_compile_options(${name} PRIVATE -fno-exceptions)
    target_link_libraries(${name} PRIVATE ${A_LINK} MLIR LLVM)
  endif()
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/test/bin)
  tenon_test_depends(${name})
  if(NOT A_SECONDS)
    set(A_SECONDS 5)
  endif()
  set(args)
  if(A_CORPUS)
    get_filename_component(A_CORPUS "${A_CORPUS}" ABSOLUTE)
    list(APPEND args --corpus ${A_CORPUS})
  endif()
  if(A_DICT)
    get_filename_component(A_DICT "${A_DICT}" ABSOLUTE)
    list(APPEND args --dict ${A_DICT})
  endif()
  add_test(NAME fuzz/${name} COMMAND bash
    ${PROJECT_SOURCE_DIR}/tools/dev/fuzz.sh --seconds ${A_SECONDS} ${args}
    $<TARGET_FILE:${name}>)
  tenon_test_properties(fuzz/${name} fuzz)
endfunction()
