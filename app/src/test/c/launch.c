/*
 * Runs a program in a child of its own, so that what the program counts about itself (its page
 * faults) began with its execve: launch PROGRAM [ARGUMENTS]. The child is made by vfork and touches
 * no memory of its own before.
 */
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int status;
  pid_t child = vfork();
  if (child == 0) {
    execv(argv[1], argv + 1);
    _exit(127);
  }
  if (argc < 2 || child < 0 || waitpid(child, &status, 0) < 0) return 126;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
