/* Processes, threads, pipes, signals and timers at once: whoever runs when decides what is printed. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static int order[64], entries;
static volatile sig_atomic_t children, ticks;

static void on_child(int signal) { children++; }
static void on_tick(int signal) { ticks++; }

static void *work(void *number) {
  for (int round = 0; round < 8; round++) {
    char *page = malloc(5000 * (1 + (long)number));
    memset(page, round, 5000);
    pthread_mutex_lock(&mutex);
    order[entries++] = (int)(long)number;
    pthread_cond_signal(&turn);
    pthread_mutex_unlock(&mutex);
    for (volatile int spin = 0; spin < 500 * (1 + (long)number); spin++) {
    }
    free(page);
  }
  return 0;
}

static void child(int number, int in, int out) {
  char text[100];
  int length, sum = 0;
  while ((length = read(in, text, sizeof text)) > 0)
    for (int i = 0; i < length; i++) sum += text[i];
  length = snprintf(text, sizeof text, "child %d: pid %d, sum %d\n", number, getpid(), sum);
  write(out, text, length);
  if (number == 2) raise(SIGSEGV);
  _exit(number);
}

int main(void) {
  struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
  sigaction(SIGCHLD, &action, 0);
  action.sa_handler = on_tick;
  sigaction(SIGALRM, &action, 0);
  struct itimerval interval = {{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &interval, 0);

  int to[4][2], from[2];
  pipe(from);
  for (int i = 0; i < 4; i++) {
    pipe(to[i]);
    if (fork() == 0) {
      setitimer(ITIMER_REAL, &(struct itimerval){0}, 0);
      for (int j = 0; j <= i; j++) close(to[j][1]);
      close(from[0]);
      child(i, to[i][0], from[1]);
    }
  }
  close(from[1]);
  pthread_t threads[4];
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < 200; i++) write(to[i % 4][1], "some text", 9);
  for (int i = 0; i < 4; i++) close(to[i][1]);
  pthread_mutex_lock(&mutex);
  while (entries < 32) pthread_cond_wait(&turn, &mutex);
  pthread_mutex_unlock(&mutex);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);

  char text[1000];
  int length;
  while ((length = read(from[0], text, sizeof text)) > 0) fwrite(text, 1, length, stdout);
  for (int i = 0, status, pid; (pid = wait(&status)) > 0; i++) printf("%d ended with %#x\n", pid, status);
  setitimer(ITIMER_REAL, &(struct itimerval){0}, 0);
  for (int i = 0; i < entries; i++) printf("%d", order[i]);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("\n%d children, %d ticks, %ld ns\n", children, ticks, now.tv_nsec);
  return 0;
}
