/* What /sys and /proc say of compressed RAM in front of swap. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES 64u

static void show(const char *folder, const char *name) {
  char path[200], line[200] = "none\n";
  sprintf(path, "%s/%s", folder, name);
  FILE *in = fopen(path, "r");
  if (in) fgets(line, sizeof line, in);
  if (in) fclose(in);
  printf("%s %s", name, line);
}

static void set(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  printf("%s: %zd\n", text, write(fd, text, strlen(text)));
  close(fd);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  const char *parameters = "/sys/module/zswap/parameters", *debug = "/sys/kernel/debug/zswap";
  show(parameters, "compressor");
  show(parameters, "zpool");
  show(parameters, "max_pool_percent");
  show(parameters, "same_filled_pages_enabled");
  char *at = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned page = 0; page < PAGES; page++) {
    /* Every second page is one word, over and over. */
    memset(at + page * PAGE, page, PAGE);
    if (page & 1) strcpy(at + page * PAGE + 100, "something else");
  }
  if (madvise(at, PAGES * PAGE, MADV_PAGEOUT)) perror("madvise");
  show(debug, "stored_pages");
  show(debug, "same_filled_pages");
  show(debug, "pool_total_size");
  show(debug, "written_back_pages");
  char line[300];
  FILE *in = fopen("/proc/meminfo", "r");
  while (fgets(line, sizeof line, in))
    if (!strncmp(line, "Zswap", 5)) printf("%s", line);
  set("/sys/kernel/mm/swap/vma_ra_enabled", "false");
  show("/sys/kernel/mm/swap", "vma_ra_enabled");
  set("/sys/kernel/mm/swap/vma_ra_enabled", "what");
  set("/sys/kernel/mm/swap/vma_ra_enabled", "1");
  show("/sys/kernel/mm/swap", "vma_ra_enabled");
  return 0;
}
