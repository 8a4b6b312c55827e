# Toolchain for AArch64 Linux with glibc, by Clang and the cross libraries of
# Debian (libc6-dev-arm64-cross, libstdc++-12-dev-arm64-cross):
#   cmake -S runtime -B build-aarch64 -DTENON_TEXT=OFF \
#     -DCMAKE_TOOLCHAIN_FILE=runtime/cmake/aarch64-linux.cmake
# TENON_TEXT needs PCRE2 and utf8proc of that architecture.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER clang-22 CACHE FILEPATH "C compiler")
set(CMAKE_CXX_COMPILER clang++-22 CACHE FILEPATH "C++ compiler")
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_EXE_LINKER_FLAGS_INIT -fuse-ld=lld)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -fuse-ld=lld)
