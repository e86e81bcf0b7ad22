/*
 * Allocates what a heap can have: chunks in use and free in every kind of bin, caches of threads,
 * arenas, mappings; then prints what glibc itself counts, and exits with everything in place.
 *
 *   heap [small] [threads] [mapped] [foreign]
 *   heap corrupt    writes beyond the end of the last chunk, and exits
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[1 << 16];
static pthread_barrier_t all_there;

static void print(const char *text) {
  ssize_t done = write(1, text, strlen(text));
  (void)done;
}

static void *keep[4096];
static volatile int beyond = 40;

static void small(void) {
  for (int i = 0; i < 2000; i++) {
    keep[i] = malloc(8 + i % 500 * 3);
    memset(keep[i], 1, 8);
  }
  for (int i = 0; i < 2000; i += 3)
    free(keep[i]);
  for (int i = 0; i < 60; i++)
    keep[3000 + i] = malloc(20);
  for (int i = 0; i < 60; i += 2)
    free(keep[3000 + i]);
  void *large[8];
  for (int i = 0; i < 8; i++) {
    large[i] = malloc(5000 + 3000 * i);
    keep[3100 + i] = malloc(24);
  }
  for (int i = 0; i < 8; i += 2)
    free(large[i]);
  keep[3200] = malloc(40000);
  free(large[1]);
}

static void mapped(void) {
  keep[3300] = malloc(200000);
  keep[3301] = malloc(1000000);
  keep[3302] = memalign(65536, 300000);
  keep[3303] = malloc(150000);
  keep[3304] = malloc(140000);
  memset(keep[3301], 7, 1000000);
}

static void *thread(void *argument) {
  int number = *(int *)argument;
  void *volatile own[300];
  for (int i = 0; i < 300; i++)
    own[i] = malloc(50 + i * (number + 1));
  for (int i = 0; i < 300; i += 2)
    free(own[i]);
  if (number == 1)
    for (int i = 0; i < 40; i++)
      own[i] = malloc(60000);
  pthread_barrier_wait(&all_there);
  pause();
  return NULL;
}

static void threads(void) {
  static int numbers[3] = {0, 1, 2};
  pthread_barrier_init(&all_there, NULL, 4);
  for (int i = 0; i < 3; i++) {
    pthread_t id;
    pthread_create(&id, NULL, thread, &numbers[i]);
  }
  pthread_barrier_wait(&all_there);
}

/* Somebody else takes from the brk area, between malloc's pieces. */
static void foreign(void) {
  keep[3400] = malloc(1000);
  sbrk(12304);
  for (int i = 0; i < 30; i++)
    keep[3401 + i] = malloc(9000);
  free(keep[3405]);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "small"))
      small();
    else if (!strcmp(argv[i], "mapped"))
      mapped();
    else if (!strcmp(argv[i], "threads"))
      threads();
    else if (!strcmp(argv[i], "foreign"))
      foreign();
    else if (!strcmp(argv[i], "corrupt")) {
      keep[0] = malloc(40);
      memset((char *)keep[0] + beyond, 0x55, 12);
      _exit(((char *)keep[0])[beyond] != 0x55);
    }
  }
#ifdef __GLIBC__
  struct mallinfo2 info = mallinfo2();
  snprintf(buffer, sizeof buffer,
           "arena %zu\nordblks %zu\nsmblks %zu\nhblks %zu\nhblkhd %zu\nfsmblks %zu\nuordblks %zu\n"
           "fordblks %zu\nkeepcost %zu\n",
           info.arena, info.ordblks, info.smblks, info.hblks, info.hblkhd, info.fsmblks,
           info.uordblks, info.fordblks, info.keepcost);
  print(buffer);
#endif
  _exit(0);
}
