/* Semaphores and message queues of System V. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEY 0x4d454d42
#define T(...) show(#__VA_ARGS__, (long)(__VA_ARGS__))

static void show(const char *what, long result) {
  int e = errno;
  printf("%s = %ld", what, result);
  if (result == -1) printf(" %s", strerrorname_np(e));
  printf("\n");
}

static void words(const char *what, const unsigned *w, int count, unsigned times) {
  printf("%s:", what);
  for (int i = 0; i < count; i++) {
    if (times >> i & 1) {
      printf(" %d", w[i] != 0);
    } else {
      printf(" %x", w[i]);
    }
  }
  printf("\n");
}

static int op(int id, int sem, int change, int flags) {
  struct sembuf b = {sem, change, flags};
  return semop(id, &b, 1);
}

static int timed(int id, int sem, int change, long sec, long nsec) {
  struct sembuf b = {sem, change, 0};
  struct timespec t = {sec, nsec};
  return semtimedop(id, &b, 1, &t);
}

static void values(int id, int count) {
  for (int i = 0; i < count; i++) {
    printf(" %d(%d,%d,%d)", semctl(id, i, GETVAL), semctl(id, i, GETPID) == getpid(), semctl(id, i, GETNCNT),
           semctl(id, i, GETZCNT));
  }
  printf("\n");
}

/* Until somebody waits: the child has come so far. */
static void until_waiting(int id, int sem, int command) {
  while (semctl(id, sem, command) == 0) {
    usleep(1000);
  }
}

static void on_alarm(int signal) {}

static void semaphores(void) {
  unsigned d[32];
  unsigned short all[4] = {1, 2, 3, 32768};
  T(semget(KEY, 0, IPC_CREAT | 0600));
  T(semget(KEY, -1, IPC_CREAT | 0600));
  T(semget(KEY, 32001, IPC_CREAT | 0600));
  int id = semget(KEY, 4, IPC_CREAT | 0640);
  T(semget(KEY, 5, 0));
  T(semget(KEY, 0, 0) == id);
  T(semget(KEY, 4, IPC_CREAT | IPC_EXCL));
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_semctl, id, 0, IPC_STAT, d));
  words("semid64_ds", d, 17, 1 << 11);
  T(syscall(SYS_semctl, id, 0, IPC_STAT | 0x100, d));
  T(syscall(SYS_semctl, id, 9, GETALL, 8));
  T(semctl(id, 0, SETALL, all));
  all[3] = 4;
  T(semctl(id, 0, SETALL, all));
  values(id, 4);
  T(semctl(id, 4, GETVAL));
  T(semctl(id, -1, GETVAL));
  T(semctl(id, 0, SETVAL, 32768));
  T(semctl(id, 0, SETVAL, -1));
  T(semctl(id, 4, SETVAL, 1));
  T(semctl(id, 0, 77));
  T(semctl(-1, 0, GETVAL));
  T(semctl(id + 1, 0, GETVAL));
  T(op(id, 0, -1, IPC_NOWAIT));
  T(op(id, 0, -1, IPC_NOWAIT));
  T(op(id, 0, 0, 0));
  T(op(id, 1, 0, IPC_NOWAIT));
  T(op(id, 1, 32767, 0));
  T(op(id, 4, 1, 0));
  T(op(id + 1, 0, 1, 0));
  T(op(-1, 0, 1, 0));
  T(semop(id, 0, 0));
  T(semop(id, 0, 501));
  T(semop(id, (void *)8, 1));
  struct sembuf several[3] = {{0, 3, 0}, {1, -3, IPC_NOWAIT}, {2, 5, 0}};
  T(semop(id, several, 3));
  several[1].sem_op = -1;
  T(semop(id, several, 3));
  values(id, 4);
  T(timed(id, 0, -30, 0, 1000));
  T(timed(id, 0, -30, -1, 0));
  T(timed(id, 0, -30, 0, 1000000000));
  T(timed(id, 0, -3, 0, 1000000000));
  T(semctl(id, 0, SETVAL, 0));
  fflush(stdout);
  pid_t first = fork();
  if (first == 0) {
    int r = op(id, 0, -2, SEM_UNDO);
    _exit(r == 0 ? 10 : 20);
  }
  until_waiting(id, 0, GETNCNT);
  values(id, 1);
  T(op(id, 0, 1, 0));
  T(semctl(id, 0, GETNCNT));
  T(op(id, 0, 2, 0));
  int status;
  waitpid(first, &status, 0);
  T(WEXITSTATUS(status));
  printf("undone:");
  values(id, 1);
  T(semctl(id, 0, SETVAL, 1));
  fflush(stdout);
  first = fork();
  if (first == 0) {
    struct sembuf both[2] = {{0, 0, 0}, {0, 5, 0}};
    _exit(semop(id, both, 2) == 0 ? 10 : 20);
  }
  until_waiting(id, 0, GETZCNT);
  T(op(id, 0, -1, 0));
  waitpid(first, &status, 0);
  T(WEXITSTATUS(status));
  values(id, 1);
  fflush(stdout);
  int ready[2];
  char byte;
  pipe(ready);
  first = fork();
  if (first == 0) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, 0);
    ualarm(20000, 20000);
    T(op(id, 3, -100, 0));
    ualarm(0, 0);
    fflush(stdout);
    write(ready[1], "x", 1);
    T(op(id, 3, -100, 0));
    fflush(stdout);
    _exit(0);
  }
  read(ready[0], &byte, 1);
  until_waiting(id, 3, GETNCNT);
  T(semctl(id, 0, IPC_RMID));
  waitpid(first, &status, 0);
  T(op(id, 0, 1, 0));
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_semctl, 0, 0, IPC_INFO, d) >= 0);
  words("seminfo", d, 11, 0);
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_semctl, 0, 0, 19, d) >= 0);
  words("seminfo", d, 11, 0);
}

static void old_semaphores(void) {
  unsigned d[32], arg = (unsigned)d;
  int id = syscall(SYS_ipc, 2, IPC_PRIVATE, 3, 0600, 0);
  T(id >= 0);
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_ipc, 3, id, 0, IPC_STAT, &arg));
  words("semid_ds", d, 12, 1 << 5);
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_ipc, 3, id, 0, IPC_STAT | 0x100, &arg));
  words("semid64_ds", d, 17, 1 << 11);
  arg = 7;
  T(syscall(SYS_ipc, 3, id, 1, SETVAL, &arg));
  T(syscall(SYS_ipc, 3, id, 1, GETVAL, &arg));
  T(syscall(SYS_ipc, 3, id, 1, GETVAL, 0));
  struct sembuf b = {1, -7, 0};
  T(syscall(SYS_ipc, 1, id, 1, 0, &b));
  unsigned t[2] = {0, 1000};
  T(syscall(SYS_ipc, 4, id, 1, 0, &b, t));
  T(syscall(SYS_ipc, 3, id, 0, IPC_RMID, &arg));
}

struct message {
  long type;
  char text[64];
};

static int send(int id, long type, const char *text, int flags) {
  struct message m = {type};
  strcpy(m.text, text);
  return msgsnd(id, &m, strlen(text), flags);
}

static void receive(int id, long type, int bytes, int flags) {
  struct message m = {0};
  int r = msgrcv(id, &m, bytes, type, flags);
  printf("receive %ld, %d bytes, %o: %d %s %ld %s\n", type, bytes, flags, r, r < 0 ? strerrorname_np(errno) : "", m.type, m.text);
}

static void queues(void) {
  unsigned d[40];
  int id = msgget(KEY, IPC_CREAT | 0620);
  T(msgget(KEY, 0) == id);
  T(msgget(KEY, IPC_CREAT | IPC_EXCL));
  T(msgget(KEY + 5, 0));
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_msgctl, id, IPC_STAT, d));
  words("msqid64_ds", d, 23, 1 << 13);
  T(send(id, 0, "x", 0));
  T(send(id, -1, "x", 0));
  T(send(-1, 1, "x", 0));
  T(send(id + 1, 1, "x", 0));
  T(msgsnd(id, (void *)8, 1, 0));
  T(msgsnd(id, d, 8193, 0));
  T(msgsnd(id, d, -1, 0));
  T(send(id, 5, "five", 0));
  T(send(id, 3, "three", 0));
  T(send(id, 7, "seven", 0));
  T(send(id, 3, "another three", 0));
  T(send(id, 9, "", 0));
  syscall(SYS_msgctl, id, IPC_STAT, d);
  words("msqid64_ds", d, 23, 1 << 9 | 1 << 11 | 1 << 13 | 1 << 18 | 1 << 19);
  receive(id, 0, 64, 2 * MSG_NOERROR * 2);
  receive(id, 2, 64, MSG_COPY | IPC_NOWAIT);
  receive(id, 9, 64, MSG_COPY | IPC_NOWAIT);
  receive(id, 0, 64, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT);
  receive(id, 3, 2, 0);
  receive(id, 3, 2, MSG_NOERROR);
  receive(id, -6, 64, 0);
  receive(id, -6, 64, 0);
  receive(id, -6, 64, IPC_NOWAIT);
  receive(id, 7, 64, MSG_EXCEPT);
  receive(id, 7, 64, MSG_EXCEPT | IPC_NOWAIT);
  receive(id, 0, 64, 0);
  receive(id, 0, 64, IPC_NOWAIT);
  receive(id, 0, -1, IPC_NOWAIT);
  receive(-1, 0, 64, IPC_NOWAIT);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    receive(id, 4, 64, 0);
    fflush(stdout);
    _exit(0);
  }
  T(send(id, 8, "not for the child", 0));
  T(send(id, 4, "for the child", 0));
  waitpid(child, 0, 0);
  receive(id, 0, 64, 0);
  struct msqid_ds ds;
  msgctl(id, IPC_STAT, &ds);
  ds.msg_qbytes = 10;
  T(msgctl(id, IPC_SET, &ds));
  T(send(id, 1, "12345678", IPC_NOWAIT));
  T(send(id, 2, "123", IPC_NOWAIT));
  fflush(stdout);
  child = fork();
  if (child == 0) {
    _exit(send(id, 2, "123", 0) == 0 && send(id, 2, "12345678", 0) == 0 ? 10 : 20);
  }
  usleep(20000);
  receive(id, 1, 64, 0);
  receive(id, 2, 64, 0);
  int status;
  waitpid(child, &status, 0);
  T(WEXITSTATUS(status));
  T(send(id, 3, "1", 0));
  fflush(stdout);
  child = fork();
  if (child == 0) {
    receive(id, 77, 64, 0);
    _exit(errno == EIDRM || errno == EINVAL ? 10 : 20);
  }
  usleep(20000);
  T(syscall(SYS_msgctl, id, IPC_STAT | 0x100, d));
  T(msgctl(id, IPC_RMID, 0));
  fflush(stdout);
  waitpid(child, &status, 0);
  T(WEXITSTATUS(status));
  T(send(id, 1, "x", 0));
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_msgctl, 0, IPC_INFO, d) >= 0);
  words("msginfo", d, 9, 0);
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_msgctl, 0, 12, d) >= 0);
  words("msginfo", d, 9, 0);
}

static void old_queues(void) {
  unsigned d[32];
  int id = syscall(SYS_ipc, 13, IPC_PRIVATE, 0600);
  struct message m = {6, "old"};
  T(syscall(SYS_ipc, 11, id, 3, 0, &m));
  memset(d, 0xee, sizeof d);
  T(syscall(SYS_ipc, 14, id, IPC_STAT, 0, d));
  d[12] &= 0xffff;
  d[13] &= 0xffff;
  words("msqid_ds", d, 13, 1 << 6 | 1 << 8);
  struct message got = {0};
  struct { void *buffer; long type; } kludge = {&got, 6};
  T(syscall(SYS_ipc, 12, id, 64, 0, &kludge));
  printf("%ld %s\n", got.type, got.text);
  T(syscall(SYS_ipc, 12, id, 64, IPC_NOWAIT, 0));
  T(syscall(SYS_ipc, 11, id, 3, 0, &m));
  memset(&got, 0, sizeof got);
  T(syscall(SYS_ipc, 1 << 16 | 12, id, 64, 0, &got, 6));
  printf("%ld %s\n", got.type, got.text);
  T(syscall(SYS_ipc, 14, id, IPC_RMID, 0, 0));
}

static void files(void) {
  char line[300];
  int sem = semget(IPC_PRIVATE, 2, 0600), queue = msgget(IPC_PRIVATE, 0604);
  send(queue, 1, "hello", 0);
  const char *paths[] = {"/proc/sysvipc/sem", "/proc/sysvipc/msg"};
  for (int i = 0; i < 2; i++) {
    FILE *f = fopen(paths[i], "r");
    while (fgets(line, sizeof line, f)) {
      if (!strchr(line, 'k')) {
        /* Without the times and numbers of processes. */
        line[i == 0 ? 60 : 48] = 0;
      }
      printf("%s\n", line);
    }
    fclose(f);
  }
  semctl(sem, 0, IPC_RMID);
  msgctl(queue, IPC_RMID, 0);
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  /* The host's own objects are none of our business; inside there are no others. */
  syscall(SYS_unshare, 0x08000000);
  semaphores();
  old_semaphores();
  queues();
  old_queues();
  files();
  return 0;
}
