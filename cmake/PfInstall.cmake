# cmake --install: the program, the engine as a static library (libpodfit) with its public headers, and a pkg-config file.
set(PF_ENGINE_MODULES base json yaml k8s policy cluster fit config admission)
set(engine_objects)
foreach(module IN LISTS PF_ENGINE_MODULES)
  list(APPEND engine_objects $<TARGET_OBJECTS:pf_${module}>)
endforeach()
add_library(podfit_library STATIC ${engine_objects})
set_target_properties(podfit_library PROPERTIES OUTPUT_NAME podfit LINKER_LANGUAGE C)

set(PF_PC_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
configure_file(${PROJECT_SOURCE_DIR}/cmake/podfit.pc.in ${PROJECT_BINARY_DIR}/podfit.pc @ONLY)

get_property(public_headers GLOBAL PROPERTY PF_PUBLIC_HEADERS)
install(TARGETS podfit RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS podfit_library ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/podfit)
install(FILES ${PROJECT_BINARY_DIR}/podfit.pc DESTINATION ${PF_PC_DIR})

# What the program says about itself: manual pages, completion, the configuration's schema.
set(PF_MAN_DIR ${CMAKE_INSTALL_MANDIR}/man1)
install(CODE "
  set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${PF_MAN_DIR}\")
  message(STATUS \"Installing: \${folder}\")
  file(MAKE_DIRECTORY \"\${folder}\")
  execute_process(COMMAND \"$<TARGET_FILE:podfit>\" help man --folder \"\${folder}\" COMMAND_ERROR_IS_FATAL ANY)")
set(completion ${PROJECT_SOURCE_DIR}/src/cli/completion)
install(FILES ${completion}/podfit.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME podfit)
install(FILES ${completion}/podfit.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _podfit)
install(FILES ${completion}/podfit.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(PROGRAMS ${completion}/kubectl_complete-podfit DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/examples/config.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/podfit)
