/* Uses more memory than there is, and says whether it all came back.
 *
 * thrash [-f KIB] [-v] PATTERN MIB [FILE]
 *   -f KIB   first locks so much memory that KIB are left free
 *   -v       then prints by how much each line of /proc/vmstat went up
 *
 * PATTERN is
 *   sequential  fill, checksum, rewrite, checksum; word by word
 *   random      the same filling, then read-modify-write of random words
 *   fork        a child reads all of its parent's memory and writes every second page
 *   radix       sorts MIB of numbers, half of which is the place to sort to
 *   read        reads FILE twice
 *   map         reads FILE twice through a mapping
 *   maprandom   reads random words of FILE through a mapping
 *   mixed       reads FILE once, and all of MIB of memory whenever an eighth of it is read
 *   write       writes FILE of MIB, reads it, rewrites every second page, reads it
 *   oom         a child fills up to MIB, 4 at a time, until it is killed
 *   make        makes FILE of MIB for the others
 *
 * All is a function of the arguments: whatever machine it runs on, it prints the same checksum. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define WORDS (PAGE / 4)
#define MIXED_ROUNDS 8

static char buffer[65536];
static char before[16384], after[16384];

static void die(const char *what) {
  perror(what);
  exit(3);
}

static uint32_t mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}

static uint32_t next(uint32_t *seed) { return mix(*seed += 0x9e3779b9u); }

static uint32_t *memory(size_t bytes) {
  void *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

static uint32_t *mapped(const char *name, size_t *bytes) {
  struct stat st;
  int fd = open(name, O_RDONLY);
  if (fd < 0 || fstat(fd, &st)) die(name);
  *bytes = st.st_size;
  void *at = mmap(0, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) die(name);
  close(fd);
  return at;
}

static void fill(uint32_t *at, size_t words) {
  for (size_t i = 0; i < words; i++) at[i] = i * 2654435761u + 1;
}

static uint32_t sum(const uint32_t *at, size_t words, uint32_t from) {
  for (size_t i = 0; i < words; i++) from = (from << 5 | from >> 27) + at[i];
  return from;
}

static uint32_t sequential(size_t words) {
  uint32_t *at = memory(words * 4);
  fill(at, words);
  uint32_t all = sum(at, words, 0);
  for (size_t i = 0; i < words; i++) at[i] = at[i] * 3 + 1;
  return sum(at, words, all);
}

static uint32_t randomly(size_t words) {
  uint32_t *at = memory(words * 4), seed = 1, all = 0;
  fill(at, words);
  for (size_t i = 0; i < words / WORDS * 4; i++) {
    uint32_t *word = at + next(&seed) % words;
    all += *word;
    *word = all ^ i;
  }
  return sum(at, words, all);
}

static uint32_t forked(size_t words) {
  uint32_t *at = memory(words * 4), of_child;
  int pipe_ends[2];
  fill(at, words);
  if (pipe(pipe_ends)) die("pipe");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    uint32_t all = sum(at, words, 0);
    for (size_t i = 0; i < words; i += 2 * WORDS) at[i] = ~at[i];
    all = sum(at, words, all);
    if (write(pipe_ends[1], &all, sizeof all) != sizeof all) die("write");
    _exit(0);
  }
  if (read(pipe_ends[0], &of_child, sizeof of_child) != sizeof of_child) die("read");
  waitpid(child, 0, 0);
  return sum(at, words, of_child);
}

#define DIGIT 11
static uint32_t radix(size_t words) {
  size_t n = words / 2;
  uint32_t *from = memory(n * 4), *to = memory(n * 4), seed = 5;
  static uint32_t place[1 << DIGIT];
  for (size_t i = 0; i < n; i++) from[i] = next(&seed);
  for (int shift = 0; shift < 32; shift += DIGIT) {
    memset(place, 0, sizeof place);
    for (size_t i = 0; i < n; i++) place[from[i] >> shift & ((1 << DIGIT) - 1)]++;
    uint32_t at = 0;
    for (int i = 0; i < 1 << DIGIT; i++) {
      uint32_t count = place[i];
      place[i] = at;
      at += count;
    }
    for (size_t i = 0; i < n; i++) to[place[from[i] >> shift & ((1 << DIGIT) - 1)]++] = from[i];
    uint32_t *t = from;
    from = to;
    to = t;
  }
  for (size_t i = 1; i < n; i++)
    if (from[i - 1] > from[i]) {
      printf("not sorted at %lu\n", (unsigned long)i);
      exit(1);
    }
  return sum(from, n, 0);
}

static uint32_t read_all(const char *name, uint32_t *hot, size_t hot_words) {
  struct stat st;
  uint32_t all = 0;
  int fd = open(name, O_RDONLY);
  if (fd < 0 || fstat(fd, &st)) die(name);
  off_t done = 0, step = st.st_size / MIXED_ROUNDS, next_round = step;
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) {
    all = sum((uint32_t *)buffer, n / 4, all);
    done += n;
    if (hot && done >= next_round) {
      next_round += step;
      all = sum(hot, hot_words, all);
    }
  }
  close(fd);
  return all;
}

static uint32_t map_random(const char *name) {
  size_t bytes;
  uint32_t *at = mapped(name, &bytes), seed = 3, all = 0;
  for (size_t i = 0; i < bytes / PAGE; i++) all += at[next(&seed) % (bytes / 4)] ^ i;
  return all;
}

static uint32_t map_sequential(const char *name) {
  size_t bytes;
  uint32_t *at = mapped(name, &bytes);
  uint32_t all = sum(at, bytes / 4, 0);
  return sum(at, bytes / 4, all);
}

static void make(const char *name, size_t words, int flags) {
  int fd = open(name, O_RDWR | O_CREAT | flags, 0600);
  if (fd < 0) die(name);
  for (size_t done = 0; done < words; done += sizeof buffer / 4) {
    for (size_t i = 0; i < sizeof buffer / 4; i++) ((uint32_t *)buffer)[i] = mix(done + i);
    if (write(fd, buffer, sizeof buffer) != (ssize_t)sizeof buffer) die(name);
  }
  close(fd);
}

static uint32_t written(const char *name, size_t words) {
  make(name, words, O_TRUNC);
  uint32_t all = read_all(name, 0, 0);
  int fd = open(name, O_RDWR);
  for (size_t page = 0; page < words / WORDS; page += 2) {
    for (size_t i = 0; i < WORDS; i++) ((uint32_t *)buffer)[i] = mix(~(page * WORDS + i));
    if (pwrite(fd, buffer, PAGE, (off_t)page * PAGE) != PAGE) die(name);
  }
  close(fd);
  all += 31 * read_all(name, 0, 0);
  unlink(name);
  return all;
}

static uint32_t out_of_memory(size_t words) {
  size_t step = 4 << 20;
  pid_t child = fork();
  int status;
  if (child < 0) die("fork");
  if (child == 0) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    if (write(fd, "1000", 4) != 4) die("oom_score_adj");
    for (size_t done = 0; done < words * 4; done += step) fill(memory(step), step / 4);
    _exit(0);
  }
  waitpid(child, &status, 0);
  return status;
}

static void vmstat(char *to) {
  int fd = open("/proc/vmstat", O_RDONLY);
  size_t done = 0;
  for (ssize_t n; fd >= 0 && (n = read(fd, to + done, sizeof before - 1 - done)) > 0;) done += n;
  to[done] = 0;
  close(fd);
}

static long value(const char *text, const char *name) {
  size_t length = strlen(name);
  for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0)
    if (!strncmp(line, name, length) && (line[length] == ' ' || line[length] == ':'))
      return atol(line + length + 1);
  return -1;
}

static void difference(void) {
  for (char *line = strtok(after, "\n"); line; line = strtok(0, "\n")) {
    char *space = strchr(line, ' ');
    *space = 0;
    long was = value(before, line), is = atol(space + 1);
    if (strncmp(line, "nr_", 3) ? is != was : is || was)
      printf("%s %ld\n", line, strncmp(line, "nr_", 3) ? is - was : is);
  }
}

/* Locks memory until so many KiB are free. */
static void leave_free(long kib) {
  int fd = open("/proc/meminfo", O_RDONLY);
  ssize_t n = read(fd, buffer, sizeof buffer - 1);
  buffer[n > 0 ? n : 0] = 0;
  close(fd);
  long pages = (value(buffer, "MemFree") - kib) / 4;
  if (pages <= 0) {
    fprintf(stderr, "thrash: only %ld KiB are free\n", value(buffer, "MemFree"));
    exit(3);
  }
  void *at = memory(pages * PAGE);
  if (mlock(at, pages * PAGE)) die("mlock");
}

int main(int argc, char **argv) {
  int tell = 0;
  for (int option; (option = getopt(argc, argv, "f:v")) != -1;) {
    if (option == 'f') leave_free(atol(optarg));
    else if (option == 'v') tell = 1;
    else return 3;
  }
  if (argc - optind < 2) return 3;
  const char *pattern = argv[optind], *file = argv[optind + 2];
  size_t words = atol(argv[optind + 1]) * (1048576 / 4);
  uint32_t all;
  if (tell) {
    memset(after, 1, sizeof after);
    vmstat(before);
  }
  if (!strcmp(pattern, "sequential")) all = sequential(words);
  else if (!strcmp(pattern, "random")) all = randomly(words);
  else if (!strcmp(pattern, "fork")) all = forked(words);
  else if (!strcmp(pattern, "radix")) all = radix(words);
  else if (!strcmp(pattern, "oom")) all = out_of_memory(words);
  else if (!file) return 3;
  else if (!strcmp(pattern, "read")) all = read_all(file, 0, 0) + 31 * read_all(file, 0, 0);
  else if (!strcmp(pattern, "map")) all = map_sequential(file);
  else if (!strcmp(pattern, "maprandom")) all = map_random(file);
  else if (!strcmp(pattern, "mixed")) {
    uint32_t *hot = memory(words * 4);
    fill(hot, words);
    all = read_all(file, hot, words);
  } else if (!strcmp(pattern, "write")) all = written(file, words);
  else if (!strcmp(pattern, "make")) make(file, words, O_TRUNC), all = 0;
  else return 3;
  if (tell) vmstat(after);
  printf("%s %08x\n", pattern, (unsigned)all);
  fflush(stdout);
  if (tell) difference();
  return 0;
}
