#ifndef PODFIT_NUM_H
#define PODFIT_NUM_H

/** 128-bit integers (gcc and clang on 64-bit Linux): products of two 64-bit numbers without overflow. */
__extension__ typedef unsigned __int128 pf_u128;
__extension__ typedef __int128 pf_i128;

#endif
