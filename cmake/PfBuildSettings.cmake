# One INTERFACE target carries every compile option; nothing touches CMAKE_C_FLAGS.
option(PF_WERROR "Warnings are errors (on in the presets, off for packagers)" OFF)
option(PF_HARDEN "Hardening: PIE, full RELRO, stack protector, FORTIFY" OFF)
option(PF_FUZZ "Build the fuzz targets for libFuzzer (clang)" OFF)
option(PF_ANALYZE "gcc -fanalyzer" OFF)
option(PF_BUILD_TESTS "Build tests" ON)
set(PF_SANITIZERS "" CACHE STRING "Value of -fsanitize=, for example address,undefined")

add_library(pf_build_settings INTERFACE)
target_compile_features(pf_build_settings INTERFACE c_std_17)
target_compile_definitions(pf_build_settings INTERFACE _GNU_SOURCE)
target_compile_options(pf_build_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings -Wpointer-arith
  -Wformat=2 -Wvla -Wimplicit-fallthrough -Wundef -Wunused-result
  -Werror=implicit-function-declaration -Werror=return-type -Werror=incompatible-pointer-types
  -fno-common -fvisibility=hidden -fstack-protector-strong -ffunction-sections -fdata-sections
  $<$<BOOL:${PF_WERROR}>:-Werror>)
if(PF_SANITIZERS)
  target_compile_options(pf_build_settings INTERFACE
    -fsanitize=${PF_SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(pf_build_settings INTERFACE -fsanitize=${PF_SANITIZERS})
endif()
if(PF_HARDEN)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C)
  target_compile_options(pf_build_settings INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-clash-protection)
  # Jumps and returns that are guarded by the processor: each knows its own way, and refuses the other's.
  include(CheckCCompilerFlag)
  check_c_compiler_flag(-fcf-protection=full PF_HAS_CF_PROTECTION) # amd64
  check_c_compiler_flag(-mbranch-protection=standard PF_HAS_BRANCH_PROTECTION) # arm64
  target_compile_options(pf_build_settings INTERFACE
    $<$<BOOL:${PF_HAS_CF_PROTECTION}>:-fcf-protection=full>
    $<$<BOOL:${PF_HAS_BRANCH_PROTECTION}>:-mbranch-protection=standard>)
  target_link_options(pf_build_settings INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections)
endif()
if(PF_ANALYZE)
  target_compile_options(pf_build_settings INTERFACE -fanalyzer)
endif()
