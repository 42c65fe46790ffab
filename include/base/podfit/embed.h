#ifndef PODFIT_EMBED_H
#define PODFIT_EMBED_H

/**
 * Files that are a part of the program: `extern const char NAME_begin[], NAME_end[];` with a NUL at the end. The assembler includes them as they are; CMake names
 * their folder and rebuilds the source when they change.
 */
#define PF_EMBED(symbol, path)                                  \
    __asm__(".pushsection .rodata." symbol ",\"a\",@progbits\n" \
            ".hidden " symbol "_begin\n"                        \
            ".hidden " symbol "_end\n"                          \
            ".globl " symbol "_begin\n"                         \
            ".globl " symbol "_end\n" symbol "_begin:\n"        \
            ".incbin \"" path "\"\n" symbol "_end:\n"           \
            ".byte 0\n"                                         \
            ".popsection\n")

#endif
