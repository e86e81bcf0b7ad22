/* Minor faults: of the start of the program, and of touching memory in several ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { PAGE = 4096, PAGES = 200 };

static char bss[PAGES * PAGE];
static volatile char sink;

static long faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

static long from_stat(void) {
  char text[512] = "";
  long minflt = -1;
  FILE *stat = fopen("/proc/self/stat", "r");
  if (stat && fgets(text, sizeof text, stat))
    sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %ld", &minflt);
  if (stat) fclose(stat);
  return minflt;
}

static void recurse(int depth) {
  volatile char frame[PAGE];
  frame[0] = frame[PAGE - 1] = (char)depth;
  if (depth) recurse(depth - 1);
}

static void *map(int prot) {
  return mmap(NULL, PAGES * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void) {
  long counts[9];
  int n = 0;
  counts[n++] = faults();
  memset(bss, 1, sizeof bss);
  counts[n++] = faults();
  char *area = map(PROT_READ | PROT_WRITE);
  for (int i = 0; i < PAGES; i++) sink = area[i * PAGE];
  counts[n++] = faults();
  for (int i = 0; i < PAGES; i += 2) area[i * PAGE] = 1;
  counts[n++] = faults();
  mprotect(area, PAGES * PAGE, PROT_READ);
  mprotect(area, PAGES * PAGE, PROT_READ | PROT_WRITE);
  for (int i = 0; i < PAGES; i++) area[i * PAGE] = 2;
  counts[n++] = faults();
  munmap(area, PAGES * PAGE);
  area = map(PROT_READ | PROT_WRITE);
  memset(area, 1, PAGES * PAGE);
  counts[n++] = faults();
  recurse(60);
  counts[n++] = faults();
  char *heap = malloc(100 * 1000);
  memset(heap, 1, 100 * 1000);
  counts[n++] = faults();
  counts[n++] = from_stat();
  for (int i = 0; i < n; i++) printf("%ld\n", i ? counts[i] - counts[i - 1] : counts[i]);
  return 0;
}
