/* Names: making, linking, renaming, removing; long names, loops, and what is held meanwhile. */
#include "witness.h"

#include <dirent.h>
#include <sys/sysmacros.h>

#define RENAME(from, to, flags) S(renameat2, AT_FDCWD, from, AT_FDCWD, to, flags)

static int byName(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path) {
  char *names[64];
  int n = 0;
  DIR *dir = opendir(path);
  if (!dir) {
    printf("%s: %s\n", path, strerrorname_np(errno));
    return;
  }
  for (struct dirent *e; (e = readdir(dir));) {
    char type[300];
    snprintf(type, sizeof type, "%s(%d)", e->d_name, e->d_type);
    names[n++] = strdup(type);
  }
  closedir(dir);
  qsort(names, n, sizeof *names, byName);
  printf("%s has", path);
  for (int i = 0; i < n; i++) printf(" %s", names[i]);
  printf("\n");
}

static void links(const char *path) {
  struct stat st;
  if (lstat(path, &st) < 0) {
    printf("%s: %s\n", path, strerrorname_np(errno));
  } else {
    printf("%s: mode %o, %d links\n", path, st.st_mode, (int)st.st_nlink);
  }
}

static void making(void) {
  T(mkdir("d", 0777));
  T(mkdir("d", 0777));
  T(mkdir("d/", 0777));
  T(mkdir("d/.", 0777));
  T(mkdir("d/..", 0777));
  T(mkdir("/", 0777));
  T(mkdir(".", 0777));
  T(mkdir("", 0777));
  T(mkdir("missing/x", 0777));
  T(mkdir("d/e///", 01777));
  T(mkdir("d/g", 02777));
  links("d");
  links("d/e");
  links("d/g");
  make("f", "f");
  T(mkdir("f/x", 0777));
  T(mkdir("f", 0777));
  T(symlink("nowhere", "dangling"));
  T(mkdir("dangling", 0777));
  T(mkdir("dangling/", 0777));
  T(symlink("", "empty"));
  T(symlink("x", ""));
  T(symlink("x", "f"));
  T(symlink("x", "new/"));
  T(symlink("x", "d/"));
  T(mknod("n", 0644, 0));
  T(mknod("n", 0644, 0));
  T(mknod("r", S_IFREG | 0600, 0));
  T(mknod("m", S_IFDIR | 0600, 0));
  T(mknod("m", S_IFLNK | 0600, 0));
  T(mknod("m", 0170000 | 0600, 0));
  T(mknod("r/", S_IFREG | 0600, 0));
  T(mknod("q/", S_IFREG | 0600, 0));
  T(mknod("missing/q", S_IFREG | 0600, 0));
  links("n");
  links("r");
  char text[16];
  T(readlink("dangling", text, 3));
  T(readlink("f", text, 3));
  T(readlink("dangling", text, 0));
  T(S(readlink, "dangling", text, -1));
  T(S(readlink, "dangling", 8, 3));
  T(readlink("missing", text, 3));
  T(readlink("dangling/", text, 3));
  list(".");
}

static void linking(void) {
  T(link("f", "f2"));
  T(link("f", "f2"));
  T(link("f", "f"));
  T(link("missing", "f3"));
  T(link("f", "missing/x"));
  T(link("d", "d2"));
  T(link("f", "d/"));
  T(link("f", "new/"));
  T(link("f/", "new"));
  T(link("f", "."));
  T(link("f", ""));
  T(link("", "x"));
  T(link("dangling", "dangling2"));
  links("dangling2");
  T(linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", AT_SYMLINK_FOLLOW));
  T(linkat(AT_FDCWD, "f", AT_FDCWD, "x", AT_SYMLINK_NOFOLLOW));
  T(linkat(AT_FDCWD, "f", AT_FDCWD, "x", AT_EMPTY_PATH));
  T(unlink("x"));
  int fd = M(open("f", O_RDONLY));
  T(linkat(fd, "", AT_FDCWD, "x", 0));
  T(linkat(fd, "", AT_FDCWD, "x", AT_EMPTY_PATH));
  T(linkat(99, "", AT_FDCWD, "y", AT_EMPTY_PATH));
  T(linkat(99, "f", AT_FDCWD, "y", 0));
  links("f");
  T(unlink("x"));
  T(unlink("f2"));
  links("f");
  close(fd);
  fd = M(open("gone", O_RDWR | O_CREAT, 0600));
  T(unlink("gone"));
  T(linkat(fd, "", AT_FDCWD, "back", AT_EMPTY_PATH));
  T(write(fd, "x", 1));
  T(link("/proc/self/fd/0", "crossed") == -1);
  close(fd);
}

static void removing(void) {
  T(unlink("missing"));
  T(unlink("d"));
  T(unlink("d/"));
  T(unlink("f/"));
  T(unlink("f/x"));
  T(unlink("."));
  T(unlink(".."));
  T(unlink("/"));
  T(unlink(""));
  T(rmdir("f"));
  T(rmdir("f/"));
  T(rmdir("d"));
  T(rmdir("d/."));
  T(rmdir("d/.."));
  T(rmdir("/"));
  T(rmdir(""));
  T(rmdir("dangling"));
  T(rmdir("dangling/"));
  T(unlink("dangling/"));
  T(symlink("d", "tod"));
  T(rmdir("tod"));
  T(rmdir("tod/"));
  T(unlink("tod/"));
  T(unlink("tod"));
  T(unlinkat(AT_FDCWD, "d/e", 0));
  T(unlinkat(AT_FDCWD, "d/e", AT_REMOVEDIR));
  T(unlinkat(AT_FDCWD, "d/e", 0x1000));
  T(unlinkat(99, "d/e", 0));
  T(rmdir("d/g"));
  links("d");
}

static void renaming(void) {
  make("a", "a");
  make("b", "b");
  M(mkdir("p", 0755));
  M(mkdir("p/q", 0755));
  M(mkdir("e", 0755));
  M(symlink("a", "s"));
  T(rename("a", "a"));
  T(rename("a", "b"));
  show("b");
  T(rename("a", "x"));
  T(rename("b", "p"));
  T(rename("p", "b"));
  T(rename("p", "p/q/r"));
  T(rename("p", "p"));
  T(rename("p/q", "p"));
  T(rename("p", "e"));
  T(rename("e", "p2/"));
  T(rename("p2", "f"));
  T(rename("b", "c/"));
  T(rename("b/", "c"));
  T(rename("b", "."));
  T(rename("b", ".."));
  T(rename(".", "x"));
  T(rename("..", "x"));
  T(rename("p2/.", "x"));
  T(rename("p2/..", "x"));
  T(rename("", "x"));
  T(rename("b", ""));
  T(rename("missing/x", "y"));
  T(rename("b", "missing/y"));
  T(rename("s", "s2"));
  T(rename("b", "s2/"));
  T(rename("b", "s2"));
  links("s2");
  T(link("s2", "hard"));
  T(rename("s2", "hard"));
  links("s2");
  links("hard");
  M(mkdir("e2", 0755));
  make("e2/in", "in");
  T(rename("p2", "e2"));
  T(rename("e2", "p2"));
  T(RENAME("hard", "s2", 1));
  T(RENAME("hard", "fresh", 1));
  T(RENAME("missing", "fresh", 1));
  T(RENAME("missing", "fresh2", 1));
  T(RENAME("fresh", ".", 1));
  T(RENAME("fresh", "..", 1));
  T(RENAME("fresh", "hard", 3));
  T(RENAME("fresh", "hard", 8));
  T(RENAME("fresh", "hard", 6));
  T(S(renameat, 99, "fresh", AT_FDCWD, "x"));
  T(S(renameat, AT_FDCWD, "fresh", 99, "x"));
  make("fresh", "fresh");
  list(".");
}

static void exchanging(void) {
  make("one", "one");
  make("two", "two");
  M(mkdir("D", 0755));
  make("D/in", "in");
  T(RENAME("one", "two", 2));
  show("one");
  show("two");
  T(RENAME("one", "D", 2));
  links("one");
  links("D");
  show("one/in");
  T(RENAME("one", "missing", 2));
  T(RENAME("missing", "one", 2));
  T(RENAME("one", "one/in", 2));
  T(RENAME("one/in", "one", 2));
  T(RENAME("D", "one/in", 2));
  show("D");
  show("one/in");
  T(RENAME("D", "D", 2));
  T(RENAME("D/", "one", 2));
  T(RENAME("one/", "D/", 2));
  links(".");
}

static void held(void) {
  char text[64];
  struct stat st;
  M(mkdir("h", 0755));
  M(mkdir("h/i", 0755));
  make("h/i/file", "content");
  int fd = M(open("h/i/file", O_RDWR));
  int dir = M(open("h/i", O_RDONLY | O_DIRECTORY));
  T(rename("h", "moved"));
  T(read(fd, text, 64));
  O(openat(dir, "file", O_RDONLY));
  O(openat(dir, "../i/file", O_RDONLY));
  O(openat(dir, "../../moved", O_RDONLY));
  O(openat(dir, "../../h", O_RDONLY));
  T(unlinkat(dir, "file", 0));
  T(fstat(fd, &st));
  printf("%d links\n", (int)st.st_nlink);
  T(pwrite(fd, "more", 4, 7));
  T(pread(fd, text, 64, 0));
  T(ftruncate(fd, 3));
  T(fchmod(fd, 0600));
  close(fd);
  T(fchdir(dir));
  T(rmdir("../i"));
  T(fstat(dir, &st));
  printf("%d links\n", (int)st.st_nlink);
  T(S(getcwd, text, 64));
  T(mkdir("x", 0755));
  T(open("x", O_CREAT | O_RDWR, 0644));
  O(open(".", O_RDONLY));
  O(open("..", O_RDONLY));
  T(symlink("a", "b"));
  T(access("x", F_OK));
  T(S(getdents64, dir, text, 64));
  T(link("../../a", "x"));
  T(rename("../../b", "x"));
  T(chdir("../.."));
  close(dir);
  T(rmdir("moved"));
}

static void limits(void) {
  char name[300], path[4200];
  memset(name, 'n', sizeof name);
  name[255] = 0;
  T(mkdir(name, 0755));
  T(rmdir(name));
  name[255] = 'n';
  name[256] = 0;
  T(mkdir(name, 0755));
  T(access(name, F_OK));
  T(unlink(name));
  T(rename("a", name));
  T(symlink("x", name));
  for (int i = 0; i < 2100; i++) memcpy(path + 2 * i, "./", 2);
  path[4095] = 0;
  T(access(path, F_OK));
  path[4095] = '.';
  path[4096] = 0;
  T(access(path, F_OK));
  path[4094] = 0;
  T(access(path, F_OK));
  memset(path, 't', sizeof path);
  path[4095] = 0;
  T(symlink(path, "longest"));
  char target[4200];
  T(readlink("longest", target, sizeof target));
  O(open("longest", O_RDONLY));
  T(unlink("longest"));
  path[4095] = 't';
  path[4096] = 0;
  T(symlink(path, "longest"));
  M(symlink("f", "l0"));
  for (int i = 1; i < 42; i++) {
    char from[8], to[8];
    sprintf(to, "l%d", i - 1);
    sprintf(from, "l%d", i);
    M(symlink(to, from));
  }
  O(open("l39", O_RDONLY));
  O(open("l40", O_RDONLY));
  O(open("l41", O_RDONLY));
  M(mkdir("deep", 0755));
  M(chdir("deep"));
  memset(name, 'd', 200);
  name[200] = 0;
  int depth = 0;
  for (; depth < 24; depth++) {
    M(mkdir(name, 0755));
    M(chdir(name));
  }
  T(S(getcwd, path, 4200) == -1);
  make("bottom", "deep");
  show("bottom");
  T(unlink("bottom"));
  for (; depth > 0; depth--) {
    M(chdir(".."));
    M(rmdir(name));
  }
  M(chdir(".."));
  T(S(getcwd, path, 2));
  T(S(getcwd, 8, 4096));
  T(S(getcwd, path, 0));
}

int main(int argc, char **argv) {
  begin(argv);
  making();
  linking();
  removing();
  renaming();
  exchanging();
  held();
  limits();
  return 0;
}
