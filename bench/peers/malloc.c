/*
 * What malloc(BYTES) and free cost, in nanoseconds for the two together: of one object at a time, and
 * of a thousand that are freed in another order than they were allocated in. Run it with LD_PRELOAD
 * to measure another malloc than the C library's.
 *
 *   malloc BYTES          prints two numbers: nanoseconds of a pair, one at a time, and of many
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MANY = 1000, ROUNDS = 7, PAIRS = 20000000 };

static void *held[MANY];
static int order[MANY];

static double nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

/* The compiler may neither drop a malloc nor its first byte. */
static void *take(size_t bytes) {
  char *object = malloc(bytes);
  __asm__ volatile("" : "+r"(object) : : "memory");
  return object;
}

static double one_at_a_time(size_t bytes) {
  double start = nanos();
  for (int i = 0; i < PAIRS; i++) {
    free(take(bytes));
  }
  return (nanos() - start) / PAIRS;
}

static double of_many(size_t bytes) {
  double start = nanos();
  for (int round = 0; round < PAIRS / MANY; round++) {
    for (int i = 0; i < MANY; i++) {
      held[i] = take(bytes);
    }
    for (int i = 0; i < MANY; i++) {
      free(held[order[i]]);
    }
  }
  return (nanos() - start) / PAIRS;
}

static void shuffle(void) {
  uint32_t state = 1;
  for (int i = 0; i < MANY; i++) {
    order[i] = i;
  }
  for (int i = MANY - 1; i > 0; i--) {
    state = state * 1664525 + 1013904223;
    int j = (int)((uint64_t)state * (i + 1) >> 32);
    int kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double (*measure)(size_t), size_t bytes) {
  double results[ROUNDS];
  measure(bytes);
  for (int i = 0; i < ROUNDS; i++) {
    results[i] = measure(bytes);
  }
  qsort(results, ROUNDS, sizeof results[0], ascending);
  return results[ROUNDS / 2];
}

int main(int argc, char **argv) {
  size_t bytes = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
  if (bytes == 0) {
    fprintf(stderr, "usage: malloc BYTES\n");
    return 2;
  }
  shuffle();
  printf("%.2f %.2f\n", median(one_at_a_time, bytes), median(of_many, bytes));
  return 0;
}
