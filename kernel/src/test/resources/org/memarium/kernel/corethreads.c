/* The core file of a process of two threads, of which the second dies: whose registers are in it. */
#define _GNU_SOURCE
#include <elf.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t *ids;

static void *dies(void *unused) {
  ids[1] = syscall(SYS_gettid);
  asm volatile("mov $0x1234567, %edi; ud2");
  return unused;
}

static const char *who(pid_t id) {
  return id == ids[0] ? "the first thread" : id == ids[1] ? "the second thread" : "nobody";
}

static void notes(const char *at, const char *end) {
  while (at < end) {
    const Elf32_Nhdr *note = (const void *)at;
    const char *name = at + sizeof *note;
    const char *contents = name + (note->n_namesz + 3 & ~3);
    at = contents + (note->n_descsz + 3 & ~3);
    /* XSAVE's, which only newer processors have. */
    if (note->n_type == NT_X86_XSTATE || note->n_type == 0x205) continue;
    printf("%s %x, %u bytes", name, note->n_type, note->n_type == NT_FILE || note->n_type == NT_AUXV ? 0 : note->n_descsz);
    if (note->n_type == NT_PRSTATUS) {
      const struct elf_prstatus *status = (const void *)contents;
      printf(": %s, signal %d%s", who(status->pr_pid), status->pr_cursig, status->pr_reg[4] == 0x1234567 ? ", edi" : "");
    }
    if (note->n_type == NT_PRPSINFO) {
      const struct elf_prpsinfo *info = (const void *)contents;
      printf(": %s, state %d %c, flags %lx", who(info->pr_pid), info->pr_state, info->pr_sname, info->pr_flag);
    }
    printf("\n");
  }
}

int main(int count, char **arguments) {
  static char file[1 << 20];
  int status;
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &limit);
  ids = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (count < 2 || chdir(arguments[1])) return 1;
  if (!fork()) {
    pthread_t thread;
    ids[0] = getpid();
    pthread_create(&thread, 0, dies, 0);
    pthread_join(thread, 0);
    return 2;
  }
  wait(&status);
  printf("ended %x\n", status);
  FILE *core = fopen("core", "r");
  if (!core) return 3;
  fread(file, 1, sizeof file, core);
  const Elf32_Phdr *header = (const void *)(file + ((const Elf32_Ehdr *)file)->e_phoff);
  notes(file + header->p_offset, file + header->p_offset + header->p_filesz);
  unlink("core");
  return 0;
}
