/* Huge pages out of an empty pool: what can be mapped all the same, and what becomes of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define MIB (1 << 20)
#define HUGE (2 * MIB)
#define SIZE(log) ((log) << 26)
#define T(...) show(#__VA_ARGS__, (long)(__VA_ARGS__))
#define CREATE(flags) syscall(SYS_memfd_create, "huge", MFD_HUGETLB | (flags))
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB)

static sigjmp_buf back;
static siginfo_t info;

static long show(const char *what, long result) {
  int e = errno;
  printf("%s = ", what);
  if (result == -1)
    printf("-1 %s\n", strerrorname_np(e));
  else if (result < 0 || result > 64 * MIB)
    printf("an address, %s\n", result % HUGE == 0 ? "aligned" : "not aligned");
  else
    printf("%ld\n", result);
  return result;
}

static void caught(int signal, siginfo_t *told, void *context) {
  info = *told;
  siglongjmp(back, 1);
}

static void touch(const char *what, volatile char *at, int writes) {
  if (sigsetjmp(back, 1)) {
    printf("%s: signal %d, code %d, at +%ld\n", what, info.si_signo, info.si_code,
           (long)((char *)info.si_addr - at));
    return;
  }
  if (writes) *at = 1;
  printf("%s: %d\n", what, *at);
}

/* The lines of smaps that tell of sizes and flags, without "sd". */
static void smaps(char *area) {
  char line[300];
  unsigned long start;
  int here = 0;
  FILE *file = fopen("/proc/self/smaps", "r");
  while (fgets(line, sizeof line, file)) {
    if (line[8] == '-' && sscanf(line, "%lx-", &start) == 1) {
      here = start == (unsigned long)area;
      if (here) printf("  %.5s%s", line + 18, strchr(line, '/') ? strchr(line, '/') : "\n");
    } else if (here && (strstr(line, "Size:") || strstr(line, "Rss:") || strstr(line, "Locked:"))) {
      printf("  %s", line);
    } else if (here && !strncmp(line, "VmFlags:", 8)) {
      char *soft = strstr(line, "sd ");
      if (soft) memmove(soft, soft + 3, strlen(soft + 3) + 1);
      printf("  %s", line);
    }
  }
  fclose(file);
}

static void areas(void) {
  printf("-- anonymous\n");
  T(mmap(0, PAGE, RW, ANON, -1, 0));
  T(mmap(0, PAGE, RW, ANON | MAP_NORESERVE | SIZE(22), -1, 0));
  T(mmap(0, PAGE, RW, ANON | MAP_NORESERVE | SIZE(30), -1, 0));
  T(mmap(0, 0, RW, ANON | MAP_NORESERVE, -1, 0));
  T(mmap(0, PAGE, RW, ANON | MAP_NORESERVE, -1, PAGE));
  T(mmap((void *)0x50001000, PAGE, RW, ANON | MAP_NORESERVE | MAP_FIXED, -1, 0));
  T(mmap((void *)0x50001000, PAGE, RW, ANON | MAP_NORESERVE, -1, 0));
  T(mmap((void *)0x50000000, 4 * HUGE, RW, ANON | MAP_NORESERVE | MAP_FIXED, -1, 0));
  char *a = (char *)0x50000000;
  smaps(a);
  touch("read", a + 5, 0);
  touch("write", a + HUGE, 1);
  T(mprotect(a, PAGE, PROT_READ));
  T(mprotect(a + HUGE, HUGE, PROT_READ));
  touch("write what may be read", a + HUGE, 1);
  T(mprotect(a + HUGE, HUGE, RW));
  T(munmap(a + PAGE, HUGE));
  T(munmap(a, PAGE));
  T(mlock(a, PAGE));
  T(mlock2(a, PAGE, 1));
  T(munlock(a, PAGE));
  T(mlockall(MCL_CURRENT));
  T(munlockall());
  smaps(a);
  unsigned char core[4 * HUGE / PAGE];
  memset(core, 7, sizeof core);
  T(mincore(a, 4 * HUGE, core));
  T(core[0] + core[sizeof core - 1]);
  T(msync(a, PAGE, MS_SYNC));
  T(mremap(a, HUGE, 2 * HUGE, MREMAP_MAYMOVE));
  T(mremap(a, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, 0x60001000));
  T(mremap(a, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, 0x60000000));
  T(mremap(a + HUGE, 3 * HUGE, HUGE + 1, MREMAP_MAYMOVE));
  T(mremap(a + HUGE, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0));
  static const int advice[] = {MADV_NORMAL, MADV_RANDOM, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE,
                               MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
                               MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
                               MADV_WIPEONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
                               MADV_POPULATE_WRITE, 24, 25, 102, 103};
  char *b = (char *)0x60000000;
  for (unsigned i = 0; i < sizeof advice / sizeof *advice; i++) {
    printf("advice %d:\n", advice[i]);
    T(madvise(b, HUGE, advice[i]));
    T(madvise(b, PAGE, advice[i]));
  }
  smaps(b);
  struct iovec local = {core, 1}, remote = {b, 1};
  T(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
  T(read(open("/dev/zero", O_RDONLY), b, 1));
  fflush(stdout);
  if (fork() == 0) {
    touch("a child reads", b, 0);
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  T(munmap(b, HUGE));
  T(munmap(a, 4 * HUGE));
}

static void files(void) {
  printf("-- memfd\n");
  T(CREATE(SIZE(22)));
  int fd = T(CREATE(MFD_ALLOW_SEALING));
  struct stat st;
  fstat(fd, &st);
  printf("mode %o, links %ld, size %ld, blocks of %ld\n", st.st_mode, (long)st.st_nlink,
         (long)st.st_size, (long)st.st_blksize);
  struct statfs fs;
  fstatfs(fd, &fs);
  printf("type %lx, blocks of %ld: %ld\n", (long)fs.f_type, (long)fs.f_bsize, (long)fs.f_blocks);
  char bytes[10] = "xxxxxxxxx";
  T(ftruncate(fd, PAGE));
  T(ftruncate(fd, 2 * HUGE));
  T(read(fd, bytes, 10));
  T(bytes[0]);
  T(pread(fd, bytes, 10, 2 * HUGE - 3));
  T(write(fd, bytes, 10));
  T(pwrite(fd, (void *)1, 10, 0));
  T(sendfile(1, fd, 0, 1));
  T(fallocate(fd, 0, 0, PAGE));
  T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, HUGE));
  T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, HUGE));
  T(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, HUGE));
  T(lseek(fd, 5, SEEK_DATA));
  T(lseek(fd, 5, SEEK_HOLE));
  T(lseek(fd, 0, SEEK_END));
  T(fsync(fd));
  T(mmap(0, PAGE, RW, MAP_SHARED, fd, 0));
  T(mmap(0, PAGE, RW, MAP_SHARED | MAP_NORESERVE, fd, PAGE));
  char *a = (char *)T(mmap(0, PAGE, RW, MAP_SHARED | MAP_NORESERVE | MAP_LOCKED, fd, 2 * HUGE));
  smaps(a);
  fstat(fd, &st);
  T(st.st_size / MIB);
  touch("read", a, 0);
  T(ftruncate(fd, 0));
  touch("read behind the end", a, 0);
  T(madvise(a, HUGE, MADV_REMOVE));
  T(remap_file_pages(a, PAGE, 0, 0, 0));
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  T(remap_file_pages(a, HUGE, 0, 0, 0));
  touch("read what is gone", a, 0);
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
  T(fcntl(fd, F_GET_SEALS));
  T(ftruncate(fd, HUGE));
  T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, HUGE));
  T(mmap(0, PAGE, RW, MAP_SHARED | MAP_NORESERVE, fd, 0));
  T(mmap(0, PAGE, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0));
}

static void segments(void) {
  printf("-- System V\n");
  T(shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600 | SHM_HUGETLB));
  T(shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600 | SHM_HUGETLB | SHM_NORESERVE | SIZE(22)));
  int id = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600 | SHM_HUGETLB | SHM_NORESERVE);
  T(shmctl(id, SHM_LOCK, 0));
  T(shmat(id, (void *)0x50001000, SHM_RND));
  char *a = (char *)T(shmat(id, (void *)0x50000000, 0));
  smaps(a);
  touch("write", a, 1);
  struct shmid_ds ds;
  shmctl(id, IPC_STAT, &ds);
  printf("size %ld, mode %o, attached %ld\n", (long)ds.shm_segsz, ds.shm_perm.mode,
         (long)ds.shm_nattch);
  T(madvise(a, HUGE, MADV_REMOVE));
  T(shmctl(id, IPC_RMID, 0));
  T(shmdt(a));
  T(shmat(id, 0, 0));
  if (setresuid(1000, 1000, 1000) == 0) {
    T(shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600 | SHM_HUGETLB | SHM_NORESERVE) >= 0);
    setresgid(1000, 1000, 1000);
    T(mmap(0, PAGE, RW, ANON | MAP_NORESERVE, -1, 0));
  }
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  areas();
  files();
  segments();
}
