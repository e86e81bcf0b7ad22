/* Shared memory of System V: its life, its limits, and what it answers to nonsense. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY 0x4d454d41
#define AT ((char *)0x50000000)

struct words { unsigned w[32]; };

static const char *name(long r) {
  static char text[40];
  if (r == -1) {
    return strerrorname_np(errno);
  }
  sprintf(text, "%ld", r);
  return text;
}

static long ok(const char *what, long r) {
  printf("%s: %s\n", what, r == -1 ? name(r) : r == 0 ? "0" : "positive");
  return r;
}

static void stat_of(int id, const char *what) {
  struct words d;
  memset(&d, 0xee, sizeof d);
  long r = syscall(SYS_shmctl, id, IPC_STAT, &d);
  printf("%s: %s key %x uid %u gid %u cuid %u cgid %u mode %o pad %x size %u cpid %d lpid %d nattch %u"
         " atime %d dtime %d ctime %d unused %x %x after %x\n",
         what, name(r), d.w[0], d.w[1], d.w[2], d.w[3], d.w[4], d.w[5], d.w[6] >> 16, d.w[9],
         d.w[16] == (unsigned)getpid(), d.w[17] == (unsigned)getpid(), d.w[18], d.w[10] != 0, d.w[12] != 0,
         d.w[14] != 0, d.w[19], d.w[20], d.w[21]);
}

static void maps(const char *what) {
  FILE *f = fopen("/proc/self/maps", "r");
  char line[300];
  printf("%s\n", what);
  while (fgets(line, sizeof line, f)) {
    unsigned from, to, offset, major, minor, inode;
    char rights[5], path[200] = "";
    sscanf(line, "%x-%x %4s %x %x:%x %u %199[^\n]", &from, &to, rights, &offset, &major, &minor, &inode, path);
    if (from >= 0x50000000 && from < 0x60000000) {
      char *p = path;
      while (*p == ' ') {
        p++;
      }
      printf("  %08x-%08x %s %08x %s\n", from, to, rights, offset, p);
    }
  }
  fclose(f);
}

static sigjmp_buf jump;
static void on_fault(int signal, siginfo_t *info, void *context) {
  printf("  signal %d code %d at %p\n", signal, info->si_code, info->si_addr);
  siglongjmp(jump, 1);
}

static void touch(const char *what, volatile char *at, int write) {
  printf("%s\n", what);
  if (!sigsetjmp(jump, 1)) {
    if (write) {
      *at = 7;
    } else {
      (void)*at;
    }
    printf("  done\n");
  }
}

static void life(void) {
  int id = ok("shmget new", shmget(KEY, 3 * 4096 + 100, IPC_CREAT | IPC_EXCL | 0640));
  printf("again exclusively: %s\n", name(shmget(KEY, 100, IPC_CREAT | IPC_EXCL | 0640)));
  printf("found: %d\n", shmget(KEY, 100, 0) == id);
  printf("found of its size: %d\n", shmget(KEY, 3 * 4096 + 100, 0600) == id);
  printf("larger: %s\n", name(shmget(KEY, 3 * 4096 + 101, 0)));
  printf("absent: %s\n", name(shmget(KEY + 1, 100, 0)));
  printf("empty: %s\n", name(shmget(KEY + 1, 0, IPC_CREAT)));
  printf("private, empty: %s\n", name(shmget(IPC_PRIVATE, 0, 0600)));
  printf("huge pages: %s\n", name(shmget(IPC_PRIVATE, 1 << 21, SHM_HUGETLB | 0600)));
  printf("huge pages of no size: %s\n", name(shmget(IPC_PRIVATE, 1 << 21, SHM_HUGETLB | 5 << 26 | 0600)));
  stat_of(id, "new");
  char *a = shmat(id, AT, 0);
  printf("attached: %p\n", a);
  stat_of(id, "attached");
  printf("over it: %s\n", name((long)shmat(id, AT + 4096, 0)));
  printf("over it, with SHM_REMAP: %p\n", shmat(id, AT + 0x10000, SHM_REMAP));
  printf("SHM_REMAP nowhere: %s\n", name((long)shmat(id, 0, SHM_REMAP)));
  printf("SHM_REMAP, rounded to nowhere: %s\n", name((long)shmat(id, (void *)0xfff, SHM_RND | SHM_REMAP)));
  printf("not aligned: %s\n", name((long)shmat(id, AT + 0x20001, 0)));
  printf("rounded: %p\n", shmat(id, AT + 0x20fff, SHM_RND));
  printf("read only: %p\n", shmat(id, AT + 0x30000, SHM_RDONLY));
  printf("executable: %p\n", shmat(id, AT + 0x40000, SHM_EXEC));
  printf("negative: %s\n", name((long)shmat(-1, AT + 0x50000, 0)));
  printf("wrong: %s\n", name((long)shmat(id + 32768, AT + 0x50000, 0)));
  printf("at the end: %s\n", name((long)shmat(id, (void *)0xfffff000, 0)));
  maps("maps");
  stat_of(id, "attached often");
  strcpy(a + 5000, "seen through all");
  printf("%s, %s\n", AT + 0x20000 + 5000, AT + 0x30000 + 5000);
  touch("behind its size, in its last page", AT + 4 * 4096 - 1, 1);
  touch("writing to what is read only", AT + 0x30000, 1);
  printf("mprotect of what is read only: %s\n", name(mprotect(AT + 0x30000, 4096, PROT_READ | PROT_WRITE)));
  printf("mprotect in the midst: %s\n", name(mprotect(AT + 4096, 4096, PROT_READ)));
  maps("split");
  stat_of(id, "split");
  printf("mprotect back: %s\n", name(mprotect(AT + 4096, 4096, PROT_READ | PROT_WRITE)));
  maps("not merged");
  stat_of(id, "not merged");
  printf("munmap of one page: %s\n", name(munmap(AT + 4096, 4096)));
  stat_of(id, "with a hole");
  printf("shmdt, not aligned: %s\n", name(shmdt(AT + 1)));
  printf("shmdt of nothing: %s\n", name(shmdt(AT + 0x70000)));
  printf("shmdt in the midst: %s\n", name(shmdt(AT + 0x20000 + 4096)));
  printf("shmdt: %s\n", name(shmdt(AT)));
  maps("detached");
  char *moved = mremap(AT + 0x20000, 4 * 4096, 4 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, AT + 0x60000);
  printf("moved: %p\n", moved);
  printf("grown: %s\n", name((long)mremap(moved, 4 * 4096, 8 * 4096, 0)));
  touch("behind the segment", moved + 4 * 4096, 0);
  maps("moved");
  stat_of(id, "moved");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    stat_of(id, "in the child");
    strcpy(moved, "from the child");
    shmdt(AT + 0x40000);
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
  printf("%s\n", moved);
  stat_of(id, "after the child");
  printf("removed: %s\n", name(shmctl(id, IPC_RMID, 0)));
  stat_of(id, "removed");
  printf("its key: %s\n", name(shmget(KEY, 1, 0)));
  printf("attached though removed: %p\n", shmat(id, AT + 0x70000, 0));
  shmdt(AT + 0x10000);
  shmdt(AT + 0x30000);
  shmdt(AT + 0x40000);
  shmdt(AT + 0x60000);
  maps("one is left");
  stat_of(id, "one is left");
  shmdt(AT + 0x70000);
  stat_of(id, "none is left");
}

static void numbers(void) {
  int id = shmget(IPC_PRIVATE, 8192, 0600);
  unsigned d[40];
  memset(d, 0xee, sizeof d);
  printf("IPC_INFO: %d", syscall(SYS_shmctl, 0, IPC_INFO, d) >= 0);
  printf(" %u %u %u %u %u %x %x\n", d[0], d[1], d[2], d[3], d[4], d[5], d[9]);
  memset(d, 0xee, sizeof d);
  printf("SHM_INFO: %d", syscall(SYS_shmctl, 0, SHM_INFO, d) >= 0);
  printf(" %u %u %u %u %u %u %x\n", d[0], d[1], d[2], d[3], d[4], d[5], d[6]);
  char *a = shmat(id, 0, 0);
  a[0] = 1;
  syscall(SYS_shmctl, 0, SHM_INFO, d);
  printf("SHM_INFO: rss %u\n", d[2]);
  printf("SHM_STAT: %d\n", syscall(SYS_shmctl, id & 0x7fff, SHM_STAT, d) == id);
  printf("SHM_STAT_ANY: %d\n", syscall(SYS_shmctl, id & 0x7fff, 15, d) == id);
  printf("SHM_STAT of nothing: %s\n", name(syscall(SYS_shmctl, (id & 0x7fff) + 1, SHM_STAT, d)));
  printf("IPC_STAT of nothing: %s\n", name(syscall(SYS_shmctl, id + 1, IPC_STAT, d)));
  printf("IPC_STAT, negative: %s\n", name(syscall(SYS_shmctl, -1, IPC_STAT, d)));
  printf("a negative command: %s\n", name(syscall(SYS_shmctl, id, -1, d)));
  printf("an unknown command: %s\n", name(syscall(SYS_shmctl, id, 77, d)));
  printf("IPC_64 in a direct call: %s\n", name(syscall(SYS_shmctl, id, IPC_STAT | 0x100, d)));
  printf("IPC_STAT nowhere: %s\n", name(syscall(SYS_shmctl, id, IPC_STAT, 8)));
  printf("IPC_STAT nowhere of nothing: %s\n", name(syscall(SYS_shmctl, id + 1, IPC_STAT, 8)));
  printf("IPC_SET nowhere of nothing: %s\n", name(syscall(SYS_shmctl, id + 1, IPC_SET, 8)));
  printf("IPC_INFO nowhere: %s\n", name(syscall(SYS_shmctl, 0, IPC_INFO, 8)));
  struct shmid_ds ds;
  shmctl(id, IPC_STAT, &ds);
  ds.shm_perm.mode = 0177604;
  ds.shm_perm.uid = 1000;
  ds.shm_perm.gid = 1001;
  printf("IPC_SET: %s\n", name(shmctl(id, IPC_SET, &ds)));
  stat_of(id, "set");
  ds.shm_perm.uid = -1;
  printf("IPC_SET of nobody: %s\n", name(shmctl(id, IPC_SET, &ds)));
  printf("SHM_LOCK: %s\n", name(shmctl(id, SHM_LOCK, 0)));
  stat_of(id, "locked");
  printf("SHM_LOCK again: %s\n", name(shmctl(id, SHM_LOCK, 0)));
  printf("SHM_UNLOCK: %s\n", name(shmctl(id, SHM_UNLOCK, 0)));
  printf("SHM_UNLOCK again: %s\n", name(shmctl(id, SHM_UNLOCK, 0)));
  stat_of(id, "unlocked");
  printf("SHM_LOCK of nothing: %s\n", name(shmctl(id + 1, SHM_LOCK, 0)));
  shmctl(id, IPC_RMID, 0);
  stat_of(id, "still there");
  shmdt(a);
  printf("gone: %s\n", name(shmctl(id, IPC_RMID, 0)));
}

static void old_call(void) {
  unsigned raddr = 0;
  unsigned short d[60];
  long id = syscall(SYS_ipc, 23, IPC_PRIVATE, 5000, 0612, 0);
  ok("ipc SHMGET", id);
  printf("ipc SHMAT: %s", name(syscall(SYS_ipc, 21, id, 0, &raddr, AT)));
  printf(" %x\n", raddr);
  printf("ipc SHMAT of an old kernel: %s\n", name(syscall(SYS_ipc, 1 << 16 | 21, id, 0, &raddr, AT)));
  printf("ipc SHMAT, told nowhere: %s\n", name(syscall(SYS_ipc, 21, id, 0, 8, AT + 0x10000)));
  maps("attached all the same");
  memset(d, 0xee, sizeof d);
  printf("ipc SHMCTL: %s", name(syscall(SYS_ipc, 24, id, IPC_STAT, 0, d)));
  printf(" %x %x %o %x %x %x nattch %u %x %x\n", d[0], d[1], d[6], d[8], d[9], d[10] == 0xeeee, d[18], d[19], d[24]);
  memset(d, 0xee, sizeof d);
  printf("ipc SHMCTL with IPC_64: %s", name(syscall(SYS_ipc, 24, id, IPC_STAT | 0x100, 0, d)));
  printf(" %o %x %x nattch %u %x\n", d[10], d[18], d[19], d[36], d[42]);
  memset(d, 0xee, sizeof d);
  printf("ipc SHMCTL IPC_INFO: %d", syscall(SYS_ipc, 24, 0, IPC_INFO, 0, d) >= 0);
  printf(" %x %x %x %x %x %x %x\n", d[0], d[1], d[2], d[4], d[8], d[9], d[10]);
  printf("ipc SHMDT: %s\n", name(syscall(SYS_ipc, 22, 0, 0, 0, AT)));
  printf("ipc SHMDT: %s\n", name(syscall(SYS_ipc, 22, 0, 0, 0, AT + 0x10000)));
  printf("ipc SHMDT again: %s\n", name(syscall(SYS_ipc, 22, 0, 0, 0, AT)));
  printf("ipc SHMCTL IPC_RMID: %s\n", name(syscall(SYS_ipc, 24, id, IPC_RMID, 0, 0)));
  printf("ipc of nothing: %s\n", name(syscall(SYS_ipc, 99, 0, 0, 0, 0)));
}

static void as_nobody(void) {
  int id = shmget(KEY, 4096, IPC_CREAT | 0640);
  int open = shmget(KEY + 1, 4096, IPC_CREAT | 0604);
  int group = shmget(KEY + 2, 4096, IPC_CREAT | 0660);
  struct shmid_ds ds;
  shmctl(group, IPC_STAT, &ds);
  ds.shm_perm.gid = 1234;
  shmctl(group, IPC_SET, &ds);
  shmat(open, AT, 0);
  fflush(stdout);
  if (fork() == 0) {
    setgid(1234);
    setuid(1234);
    printf("shmget, no right asked for: %d\n", shmget(KEY, 1, 0) == id);
    printf("shmget to read: %s\n", name(shmget(KEY, 1, 0400)));
    printf("too large, without rights: %s\n", name(shmget(KEY, 5000, 0400)));
    printf("shmat: %s\n", name((long)shmat(id, 0, SHM_RDONLY)));
    printf("readable: %p\n", shmat(open, AT + 0x10000, SHM_RDONLY));
    printf("not writable: %s\n", name((long)shmat(open, AT + 0x20000, 0)));
    printf("not executable: %s\n", name((long)shmat(open, AT + 0x20000, SHM_RDONLY | SHM_EXEC)));
    printf("of the group: %p\n", shmat(group, AT + 0x30000, 0));
    printf("IPC_STAT: %s\n", name(shmctl(id, IPC_STAT, &ds)));
    printf("SHM_STAT: %s\n", name(shmctl(id & 0x7fff, SHM_STAT, &ds)));
    printf("SHM_STAT_ANY: %d\n", shmctl(id & 0x7fff, 15, &ds) == id);
    printf("IPC_SET: %s\n", name(shmctl(open, IPC_SET, &ds)));
    printf("IPC_RMID: %s\n", name(shmctl(open, IPC_RMID, 0)));
    printf("SHM_LOCK: %s\n", name(shmctl(open, SHM_LOCK, 0)));
    int own = shmget(IPC_PRIVATE, 16 * 4096, 0);
    struct rlimit limit = {8 * 4096, 8 * 4096};
    setrlimit(RLIMIT_MEMLOCK, &limit);
    printf("SHM_LOCK of its own, too large: %s\n", name(shmctl(own, SHM_LOCK, 0)));
    int small = shmget(IPC_PRIVATE, 5 * 4096, 0600);
    int more = shmget(IPC_PRIVATE, 4 * 4096, 0600);
    printf("SHM_LOCK: %s\n", name(shmctl(small, SHM_LOCK, 0)));
    printf("SHM_LOCK of more: %s\n", name(shmctl(more, SHM_LOCK, 0)));
    printf("IPC_RMID: %s\n", name(shmctl(small, IPC_RMID, 0)));
    printf("SHM_LOCK of more: %s\n", name(shmctl(more, SHM_LOCK, 0)));
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_MEMLOCK, &limit);
    printf("SHM_LOCK with a limit of 0: %s\n", name(shmctl(own, SHM_LOCK, 0)));
    printf("own without rights: %s\n", name((long)shmat(own, 0, 0)));
    shmctl(own, IPC_RMID, 0);
    shmctl(more, IPC_RMID, 0);
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  stat_of(open, "the child is gone");
  shmctl(id, IPC_RMID, 0);
  shmctl(open, IPC_RMID, 0);
  shmctl(group, IPC_RMID, 0);
  shmdt(AT);
  printf("gone: %s\n", name(shmctl(open, IPC_STAT, &ds)));
}

/* An area that is mapped over itself is gone before it is mapped, and its segment with it. */
static void mapped_over_itself(void) {
  for (int whole = 0; whole < 2; whole++) {
    int id = shmget(IPC_PRIVATE, 5 * 4096, 0600);
    char *a = shmat(id, AT, 0);
    char *other = whole ? 0 : shmat(id, AT + 0x100000, 0);
    mmap(a + 4 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("part: %s\n", name(remap_file_pages(a, 2 * 4096, 0, 1, 0)));
    shmctl(id, IPC_RMID, 0);
    printf("part of a removed one: %s\n", name(remap_file_pages(a, 2 * 4096, 0, 2, 0)));
    maps("parts");
    munmap(a + 2 * 4096, 2 * 4096);
    printf("all of it: %s\n", name(remap_file_pages(a, 2 * 4096, 0, 1, MAP_NONBLOCK)));
    maps("all of it");
    stat_of(id, "it is");
    munmap(a, 5 * 4096);
    if (other) shmdt(other);
  }
}

static void file(void) {
  int id = shmget(KEY, 12345, IPC_CREAT | 0644);
  char *a = shmat(id, 0, 0);
  a[5000] = 1;
  FILE *f = fopen("/proc/sysvipc/shm", "r");
  char line[400];
  while (fgets(line, sizeof line, f)) {
    int key, shmid, perms, cpid, lpid;
    unsigned size;
    if (sscanf(line, "%d %d %o %u %d %d", &key, &shmid, &perms, &size, &cpid, &lpid) == 6) {
      if (shmid == id) {
        printf("%d %o %u %d %d width %zu\n", key == KEY, perms, size, cpid == getpid(), lpid == getpid(), strlen(line));
        strtok(line, " ");
        for (int i = 0; i < 15; i++) {
          char *word = strtok(0, " \n");
          if (i > 4 && i < 10 || i > 12) {
            printf(" %s", word);
          }
        }
        printf("\n");
      }
    } else {
      printf("%s", line);
    }
  }
  fclose(f);
  shmctl(id, IPC_RMID, 0);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  /* The host's own segments are none of our business; inside there are no others. */
  syscall(SYS_unshare, 0x08000000);
  life();
  numbers();
  old_call();
  fflush(stdout);
  as_nobody();
  mapped_over_itself();
  file();
  return 0;
}
