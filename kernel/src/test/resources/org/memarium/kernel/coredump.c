// Core files: children die in every way, and their parent prints what they left in the working
// directory, but for addresses in the file, times and numbers of processes.
#include "window.h"
#include <elf.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/stat.h>

static unsigned char core[1 << 22];
static long size;

static void bytes(const char *what, const void *from, int count) {
  printf("    %s", what);
  for (int i = 0; i < count; i++) printf(" %02x", ((const unsigned char *)from)[i]);
  puts("");
}

// Where on the stack something lies depends on the environment.
static void words(const unsigned char *at, int count) {
  const unsigned *word = (const unsigned *)at;
  for (int i = 0; i < count; i++)
    if (word[i] >> 12 == 0xffffd)
      printf(" stack");
    else
      printf("%s%x", i % 8 ? " " : "\n    ", word[i]);
  puts("");
}

static void files(const unsigned char *at) {
  const unsigned *word = (const unsigned *)at;
  const char *name = (const char *)(word + 2 + 3 * word[0]);
  for (unsigned i = 0; i < word[0]; i++, name += strlen(name) + 1)
    printf("    %x-%x %x %s\n", word[2 + 3 * i], word[3 + 3 * i], word[4 + 3 * i], name);
}

static void status(const unsigned char *at) {
  const unsigned *word = (const unsigned *)at;
  printf("    signal %u %u pending %x blocked %x registers", word[0], word[3], word[4], word[5]);
  words(at + 72, 18);
}

static void information(const unsigned char *at) {
  bytes("state, nice", at, 4);
  printf("    flags %x\n", *(unsigned *)(at + 4) & ~0x00400040);
  printf("    %s: %s\n", at + 28, at + 44);
}

static void notes(unsigned long at, unsigned long end) {
  while (at < end) {
    Elf32_Nhdr *note = (Elf32_Nhdr *)(core + at);
    unsigned char *name = core + at + sizeof *note, *from = name + ((note->n_namesz + 3) & ~3);
    at = from + ((note->n_descsz + 3) & ~3) - core;
    // Of a processor with XSAVE.
    if (note->n_type == 0x202 || note->n_type == 0x205) continue;
    printf("  note %s %x %u\n", name, note->n_type, note->n_descsz);
    if (note->n_type == NT_PRSTATUS) status(from);
    if (note->n_type == NT_PRPSINFO) information(from);
    if (note->n_type == NT_SIGINFO) words(from, note->n_descsz == 128 ? 3 : 32);
    if (note->n_type == NT_FILE) files(from);
    if (note->n_type == NT_FPREGSET) words(from, 27);
    if (note->n_type == 0x200) words(from + 4, 11);
  }
}

static void load(Elf32_Phdr *header, unsigned long first) {
  printf("  %x %x of %x, %x at %lx", header->p_vaddr, header->p_filesz, header->p_memsz,
         header->p_flags, header->p_offset - first);
  if (header->p_vaddr >= WINDOW && header->p_vaddr < AT(PAGES))
    for (unsigned i = 0; i < header->p_filesz; i += PAGE)
      if (header->p_offset + i < size) printf(" %02x", core[header->p_offset + i]);
  puts("");
}

static void look(void) {
  struct stat stat;
  if (lstat("core", &stat)) {
    puts("  no core");
    return;
  }
  printf("  mode %o", stat.st_mode);
  int fd = open("core", O_RDONLY);
  memset(core, 0, sizeof core);
  size = read(fd, core, sizeof core);
  close(fd);
  Elf32_Ehdr *header = (Elf32_Ehdr *)core;
  if (size < (long)sizeof *header || memcmp(core, ELFMAG, 4)) {
    printf(" size %ld\n", size);
    return;
  }
  puts("");
  bytes("ident", core, 16);
  printf("  type %d machine %d version %d entry %x program headers %x of %d, %x, sections %d of %d\n",
         header->e_type, header->e_machine, header->e_version, header->e_entry, header->e_phoff,
         header->e_phentsize, header->e_flags, header->e_shnum, header->e_shentsize);
  Elf32_Phdr *segments = (Elf32_Phdr *)(core + header->e_phoff);
  printf("  note at %x, %x %x %x %x\n", segments->p_offset, segments->p_vaddr, segments->p_memsz,
         segments->p_flags, segments->p_align);
  notes(segments->p_offset, segments->p_offset + segments->p_filesz);
  unsigned long first = segments[1].p_offset, end = 0;
  printf("  pages at a multiple of %lx\n", first & -first ? 4096 : 0);
  for (int i = 1; i < header->e_phnum; i++) {
    load(segments + i, first);
    end = segments[i].p_offset + segments[i].p_filesz;
  }
  printf("  to the end: %d\n", (long)end == size);
}

static void fill(void) {
  clear();
  int file = open("/proc/self/exe", O_RDONLY), memory = memory_file(2);
  int named = open("named", O_RDWR | O_CREAT, 0600);
  ftruncate(named, PAGE);
  unsigned long flags[] = {P | A, S | A, P | A, P | A, P, P, P, S, S, P};
  int fds[] = {-1, -1, -1, -1, file, file, file, memory, named, named};
  int rights[] = {RW, RW, 0, RW, PROT_READ, PROT_READ | PROT_EXEC, RW, RW, RW, PROT_READ};
  for (int i = 0; i < 10; i++) {
    syscall(SYS_mmap2, AT(4 * i), 3 * PAGE, rights[i], flags[i] | F, fds[i], i == 5 ? 1 : 0);
    if (rights[i] & PROT_WRITE) *(volatile char *)AT(4 * i) = 0x11 + i;
  }
  *(volatile char *)AT(12) = 9;
  *(volatile char *)AT(14) = 9;
  madvise((void *)AT(13), PAGE, MADV_DONTDUMP);
  mprotect((void *)AT(12), PAGE, 0);
  syscall(SYS_mmap2, AT(44), 2 * PAGE, RW, P | A | F, -1, 0);
  (void)*(volatile char *)AT(44);
  syscall(SYS_mmap2, AT(48), 2 * PAGE, RW, S | A | F, -1, 0);
  *(volatile char *)AT(48) = 0x77;
  madvise((void *)AT(48), 2 * PAGE, MADV_DONTDUMP);
  madvise((void *)AT(48), PAGE, MADV_DODUMP);
}

static void filter(const char *bits) {
  int fd = open("/proc/self/coredump_filter", O_WRONLY);
  write(fd, bits, strlen(bits));
  close(fd);
}

static void die(int way) {
  limit(RLIMIT_CORE, RLIM_INFINITY);
  fill();
  static const char *filters[] = {"0", "1", "2", "4", "8", "0x10", "0x7f"};
  filter(way < 7 ? filters[way] : "0x33");
  if (way == 8) limit(RLIMIT_CORE, 0);
  if (way == 9) limit(RLIMIT_CORE, 4095);
  if (way == 10) limit(RLIMIT_CORE, 4096 * 8);
  if (way == 11) prctl(PR_SET_DUMPABLE, 0);
  if (way == 12) mkdir("core", 0700);
  if (way == 13) symlink("named", "core");
  if (way == 14) link("named", "core");
  if (way == 15) write(open("core", O_WRONLY | O_CREAT, 0644), core, sizeof core / 2);
  if (way == 16) chown(".", 0, 0), setresuid(1000, 1000, 1000);
  *(volatile int *)(AT(3) + 0x123) = 7;
  _exit(1);
}

int main(int arguments, char **argument) {
  chdir(argument[1]);
  puts("== ways");
  for (int way = 0; way < 17; way++) {
    fflush(stdout);
    int child = fork(), end;
    if (child == 0) die(way);
    waitpid(child, &end, 0);
    printf("way %d: status %x\n", way, end);
    look();
    rmdir("core");
    unlink("core");
  }
  puts("== signals");
  for (int signal = 1; signal < 65; signal++) {
    // Whether these stop an orphaned group, or are blocked by who started this, is another matter.
    if (signal >= SIGTSTP && signal <= SIGTTOU || signal == 32 || signal == 33) continue;
    fflush(stdout);
    int child = fork(), end;
    if (child == 0) {
      limit(RLIMIT_CORE, RLIM_INFINITY);
      kill(getpid(), signal);
      _exit(0);
    }
    waitpid(child, &end, WUNTRACED);
    struct stat stat;
    printf("signal %d: status %x, core %d\n", signal, end, lstat("core", &stat) == 0);
    kill(child, SIGKILL);
    waitpid(child, &end, 0);
    unlink("core");
  }
}
