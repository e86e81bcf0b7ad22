/* A quick sort of random numbers, then a walk along a random cycle through 16 MiB: branches that
 * nobody predicts, and loads that miss every cache and most of any TLB. */
#include "start.h"

#define NODES (4u << 20)
#define SORTED (1u << 16)

static u32 next[NODES];
static u32 keys[SORTED];

static void sort(u32 *from, u32 *to) {
  while (to - from > 1) {
    u32 pivot = from[(to - from) / 2];
    u32 *low = from, *high = to - 1;
    while (low <= high) {
      while (*low < pivot) low++;
      while (*high > pivot) high--;
      if (low <= high) {
        u32 swap = *low;
        *low++ = *high;
        *high-- = swap;
      }
    }
    if (high + 1 - from < to - low) {
      sort(from, high + 1);
      from = low;
    } else {
      sort(low, to);
      to = high + 1;
    }
  }
}

static u32 work(u32 rounds) {
  /* Sattolo's shuffle makes one cycle of all nodes. */
  for (u32 i = 0; i < NODES; i++) next[i] = i;
  for (u32 i = NODES - 1; i > 0; i--) {
    u32 j = (u32)((u64)next_random() * i >> 32);
    u32 swap = next[i];
    next[i] = next[j];
    next[j] = swap;
  }
  u32 at = 0, checksum = 0;
  for (u32 round = 0; round < rounds; round++) {
    for (u32 i = 0; i < SORTED; i++) keys[i] = next_random();
    sort(keys, keys + SORTED);
    checksum = checksum * 31 + keys[SORTED / 2];
    for (u32 i = 0; i < 1u << 20; i++) at = next[at];
    checksum += at;
  }
  return checksum;
}
