/* Locks 2 MiB, then uses MIB of other memory twice; says where the locked pages are. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOCKED (2u << 20)
#define PAGE 4096u

static char status[4096];

int main(int argc, char **argv) {
  size_t bytes = (size_t)atol(argv[1]) << 20;
  unsigned char *locked = mmap(0, LOCKED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char *other = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mlock(locked, LOCKED)) return 1;
  for (size_t i = 0; i < LOCKED; i++) locked[i] = i * 7;
  int pagemap = open("/proc/self/pagemap", O_RDONLY);
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < bytes; i += 64) other[i] += i / 64 + round;
    unsigned present = 0;
    for (size_t i = 0; i < LOCKED; i += PAGE) {
      uint64_t entry;
      off_t at = (off_t)((uintptr_t)(locked + i) / PAGE * sizeof entry);
      if (pread(pagemap, &entry, sizeof entry, at) != sizeof entry) return 2;
      present += entry >> 63;
    }
    printf("%u of %u locked pages are there\n", present, LOCKED / PAGE);
  }
  int fd = open("/proc/self/status", O_RDONLY);
  ssize_t n = read(fd, status, sizeof status - 1);
  char *swapped = n > 0 ? strstr(status, "VmSwap:") : 0;
  printf("others were swapped out: %s\n", swapped && atol(swapped + 7) > 0 ? "yes" : "no");
  unsigned sum = 0, wrong = 0;
  for (size_t i = 0; i < bytes; i += 64) {
    sum += other[i];
    wrong += other[i] != (unsigned char)(i / 64 * 2 + 1);
  }
  for (size_t i = 0; i < LOCKED; i++) wrong += locked[i] != (unsigned char)(i * 7);
  printf("sum %u, wrong %u\n", sum, wrong);
  return 0;
}
