# libtenon, and what `cmake --install` copies: a relocatable prefix with bin/,
# lib/, include/ and a CMake package with the components compiler, runtime and
# dialects.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(TENON_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Tenon)

# The object files of every library of dialects/ and lib/, and what these link,
# in one shared library: a program that embeds the compiler links one name.
get_property(tenon_all_libraries GLOBAL PROPERTY TENON_LIBRARIES)
set(tenon_objects)
set(tenon_links)
foreach(lib IN LISTS tenon_all_libraries)
  get_target_property(folder ${lib} SOURCE_DIR)
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(folder MATCHES "^(dialects|lib)(/|$)")
    list(APPEND tenon_objects $<TARGET_OBJECTS:${lib}>)
    get_target_property(links ${lib} LINK_LIBRARIES)
    list(APPEND tenon_links ${links})
  endif()
endforeach()
list(REMOVE_DUPLICATES tenon_links)
list(REMOVE_ITEM tenon_links ${tenon_all_libraries})

file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/libtenon.cpp CONTENT "")
add_library(tenon SHARED ${PROJECT_BINARY_DIR}/libtenon.cpp ${tenon_objects})
add_library(Tenon::tenon ALIAS tenon)
set(tenon_map ${PROJECT_SOURCE_DIR}/tools/cmake/libtenon.map)
set_target_properties(tenon PROPERTIES
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}
  LINKER_LANGUAGE CXX
  LINK_DEPENDS ${tenon_map}
  INSTALL_RPATH "$ORIGIN")
target_link_libraries(tenon PRIVATE ${tenon_links})
target_link_options(tenon PRIVATE -Wl,--version-script=${tenon_map}
  -Wl,--no-undefined-version -Wl,--gc-sections)
tenon_sanitize(tenon)
target_include_directories(tenon INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(tenon INTERFACE cxx_std_17)

set(installed_tools)
foreach(tool tenonc tenon-opt tenon-run)
  if(TARGET ${tool})
    list(APPEND installed_tools ${tool})
  endif()
endforeach()
set_target_properties(${installed_tools} PROPERTIES
  INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

install(TARGETS tenon ${installed_tools} EXPORT TenonCompilerTargets)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(DIRECTORY dialects ${PROJECT_BINARY_DIR}/dialects
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
  PATTERN "*.h" PATTERN "*.td" PATTERN "*.h.inc"
  PATTERN "CMakeFiles" EXCLUDE)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT TenonCompilerTargets NAMESPACE Tenon::
  DESTINATION ${TENON_PACKAGE_DIR})
configure_package_config_file(tools/cmake/TenonConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/TenonConfig.cmake
  INSTALL_DESTINATION ${TENON_PACKAGE_DIR}
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cmake/TenonConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/TenonConfig.cmake
  ${PROJECT_BINARY_DIR}/cmake/TenonConfigVersion.cmake
  DESTINATION ${TENON_PACKAGE_DIR})
