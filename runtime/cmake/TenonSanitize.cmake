# tenon_sanitize(<target>): instruments a target as TENON_SANITIZE says.
include_guard(GLOBAL)
function(tenon_sanitize target)
  if(TENON_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${TENON_SANITIZE}
      -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${TENON_SANITIZE})
  endif()
endfunction()
