# Helpers for libraries and programs that use LLVM and MLIR. All of them link
# the shared libMLIR and libLLVM; a static MLIR library beside them would bring
# a second copy of every TypeID.

include_guard(GLOBAL)
include(${PROJECT_SOURCE_DIR}/runtime/cmake/TenonSanitize.cmake)

function(tenon_compile_options target)
  target_compile_options(${target} PRIVATE -fno-exceptions
    -fvisibility-inlines-hidden -Wall -Wextra -Wno-unused-parameter
    $<$<BOOL:${TENON_WERROR}>:-Werror>)
  tenon_sanitize(${target})
endfunction()

# MLIR's headers take most of the compile time: a pass of 100 lines takes 4 s
# with them and 0.5 s with this precompiled header, which is built once. Files
# still include what they use; TENON_PCH=OFF shows one that does not.
option(TENON_PCH "Precompile the headers of MLIR" ON)
if(TENON_PCH)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/tenon-pch.cpp CONTENT "")
  add_library(tenon-pch OBJECT ${PROJECT_BINARY_DIR}/tenon-pch.cpp)
  tenon_compile_options(tenon-pch)
  # ccache keeps a precompiled header only without the time in it.
  target_compile_options(tenon-pch PRIVATE -fPIC
    $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  target_precompile_headers(tenon-pch PRIVATE
    ${PROJECT_SOURCE_DIR}/tools/cmake/TenonPch.h)
endif()

# tenon_use_pch(<target>): the target has the options of tenon_compile_options.
# -fPIC for programs too: the header must have been compiled the same way.
function(tenon_use_pch target)
  if(TENON_PCH)
    target_compile_options(${target} PRIVATE -fPIC)
    target_precompile_headers(${target} REUSE_FROM tenon-pch)
  endif()
endfunction()

# tenon_add_library(<name> <source>... [DEPENDS <tablegen target>...]
#                   [LINK <library>...])
function(tenon_add_library name)
  cmake_parse_arguments(A "" "" "DEPENDS;LINK" ${ARGN})
  foreach(lib IN LISTS A_LINK)
    if(lib MATCHES "^MLIR." OR lib MATCHES "^LLVM.")
      message(FATAL_ERROR "${name}: expected the shared MLIR and LLVM, but got "
        "the static ${lib}; a binary with both has two copies of every TypeID")
    endif()
  endforeach()
  add_library(${name} STATIC ${A_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(A_DEPENDS)
    add_dependencies(${name} ${A_DEPENDS})
  endif()
  tenon_compile_options(${name})
  tenon_use_pch(${name})
  target_link_libraries(${name} PUBLIC ${A_LINK} MLIR LLVM)
  set_property(GLOBAL APPEND PROPERTY TENON_LIBRARIES ${name})
endfunction()

# tenon_add_tool(<name> <source>... LINK <library>...)
function(tenon_add_tool name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  tenon_compile_options(${name})
  tenon_use_pch(${name})
  target_link_libraries(${name} PRIVATE ${A_LINK} MLIR LLVM)
  set_property(GLOBAL APPEND PROPERTY TENON_TOOLS ${name})
endfunction()
