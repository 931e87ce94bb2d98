# Compiler settings that every target shares.
find_program(TOLLGATE_CCACHE ccache)
if(TOLLGATE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A precompiled header is cacheable only when ccache may ignore its defines and time macros.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_PCH_EXTSUM=1 CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${TOLLGATE_CCACHE})
endif()

add_library(tollgate_settings INTERFACE)
target_include_directories(tollgate_settings INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(tollgate_settings INTERFACE TOLLGATE_VERSION="${PROJECT_VERSION}")
target_compile_options(tollgate_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -fno-omit-frame-pointer
  -pthread)  # everywhere: some libraries bring it, and a precompiled header is for one setting
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(tollgate_settings INTERFACE -Wno-missing-designated-field-initializers)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(tollgate_settings INTERFACE -march=x86-64-v2)
endif()
find_program(TOLLGATE_MOLD mold)
if(TOLLGATE_MOLD AND NOT TOLLGATE_SANITIZE)
  target_link_options(tollgate_settings INTERFACE -fuse-ld=mold)
endif()
if(TOLLGATE_SANITIZE)
  target_compile_options(tollgate_settings INTERFACE -fsanitize=${TOLLGATE_SANITIZE}
                         -fno-sanitize=function -fno-sanitize-recover=all)
  target_link_options(tollgate_settings INTERFACE -fsanitize=${TOLLGATE_SANITIZE})
endif()
if(TOLLGATE_FUZZ AND NOT TOLLGATE_TESTS)  # beside tests, corpora are only replayed
  target_compile_options(tollgate_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
