# The program, the engine as a library (libpodfit) and its pkg-config file.
