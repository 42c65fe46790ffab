#ifndef PODFIT_SCAN_H
#define PODFIT_SCAN_H

/**
 * Internal to json: find the end of the plain part of a JSON string at memory speed. SSE2 (every x86-64 has it) 16 bytes a step,
 * elsewhere, or with PF_JSON_NO_SIMD, 8 bytes a step in plain C; both give the same answers (test_scan). Pure functions.
 */

#include <stdint.h>
#include <string.h>

#include <podfit/macro.h>

#if defined(__SSE2__) && !defined(PF_JSON_NO_SIMD)
#include <emmintrin.h>
#define PF_SCAN_SSE2 1
#else
#define PF_SCAN_SSE2 0
#endif

/** Every byte of a word. */
#define PF_SCAN_ONES  0x0101010101010101ULL
#define PF_SCAN_HIGHS 0x8080808080808080ULL

/** One byte at a time, for the last few. Parameters and result as pf_scan_text(). */
static inline const char *pf_scan_text_tail(const char *p, const char *end, unsigned *high)
{
    while (p < end) {
        const unsigned char byte = (unsigned char)*p;
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            break;
        }
        *high |= byte & 0x80U;
        p++;
    }
    return p;
}

/** Portable version of pf_scan_text(). */
static inline const char *pf_scan_text_scalar(const char *p, const char *end, unsigned *high)
{
    while (end - p >= 8) {
        uint64_t word = 0;
        memcpy(&word, p, sizeof(word));
        const uint64_t quote = word ^ (PF_SCAN_ONES * '"');
        const uint64_t slash = word ^ (PF_SCAN_ONES * '\\');
        /* (x - 1) & ~x has the high bit of the lowest zero byte; a false hit above it only ends the loop for the exact tail */
        const uint64_t hit = ((quote - PF_SCAN_ONES) & ~quote) | ((slash - PF_SCAN_ONES) & ~slash) |
                             ((word - PF_SCAN_ONES * 0x20) & ~word);
        if ((hit & PF_SCAN_HIGHS) != 0) {
            break;
        }
        *high |= (word & PF_SCAN_HIGHS) != 0;
        p += 8;
    }
    return pf_scan_text_tail(p, end, high);
}

#if PF_SCAN_SSE2
/** SSE2 version of pf_scan_text(). */
static inline const char *pf_scan_text_sse2(const char *p, const char *end, unsigned *high)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    while (end - p >= 16) {
        const __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
        const __m128i hit =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, slash)),
                         _mm_cmpeq_epi8(_mm_min_epu8(block, control), block));
        const unsigned stop = (unsigned)_mm_movemask_epi8(hit);
        const unsigned upper = (unsigned)_mm_movemask_epi8(block);
        if (PF_LIKELY(stop != 0)) {
            if (PF_UNLIKELY(upper != 0)) {
                *high |= upper & ((stop & (0U - stop)) - 1U); /* only bytes before the stop count */
            }
            return p + __builtin_ctz(stop);
        }
        *high |= upper;
        p += 16;
    }
    return pf_scan_text_tail(p, end, high);
}
#endif

/**
 * @param[in,out] high  becomes not 0 when a byte over 0x7F was passed; never cleared
 * @return the first `"`, `\` or byte below 0x20 in [p, end), or @p end
 */
static inline const char *pf_scan_text(const char *p, const char *end, unsigned *high)
{
#if PF_SCAN_SSE2
    return pf_scan_text_sse2(p, end, high);
#else
    return pf_scan_text_scalar(p, end, high);
#endif
}

/** As pf_scan_space() for a place that has white space. */
static inline const char *pf_scan_space_run(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

/** @return the first byte in [p, end) that is not JSON white space, or @p end; machines write none, so the first look decides */
static inline const char *pf_scan_space(const char *p, const char *end)
{
    if (PF_LIKELY(p < end && (unsigned char)*p > ' ')) {
        return p;
    }
    return pf_scan_space_run(p, end);
}

#endif
