# The date on the manual pages, without anybody writing it by hand: that of the version's heading in CHANGELOG.md ("## 1.2.3 (2026-12-01)"); while that says
# "unreleased", the day of $SOURCE_DATE_EPOCH, else of the commit, else none. The same commit always has the same date.
function(pf_release_date ret_date)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
  string(REPLACE "." "\\." version "${PROJECT_VERSION}")
  file(STRINGS ${PROJECT_SOURCE_DIR}/CHANGELOG.md heading REGEX "^## ${version} \\(" LIMIT_COUNT 1)
  if(NOT heading)
    message(FATAL_ERROR "CHANGELOG.md has no heading '## ${PROJECT_VERSION} (DATE)' or '(unreleased)'")
  endif()
  set(date "")
  if(heading MATCHES "\\(([0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9])\\)")
    set(date ${CMAKE_MATCH_1})
  elseif(NOT "$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
    string(TIMESTAMP date "%Y-%m-%d" UTC) # CMake takes the variable for the time that it is
  elseif(EXISTS ${PROJECT_SOURCE_DIR}/.git)
    execute_process(COMMAND ${CMAKE_COMMAND} -E env TZ=UTC git -C ${PROJECT_SOURCE_DIR} log -1 --date=format-local:%Y-%m-%d --format=%cd
      OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
      set(date "")
    endif()
  endif()
  set(${ret_date} "${date}" PARENT_SCOPE)
endfunction()
