/* Opening: flags, directories, links, openat2 and its ways to resolve, O_PATH, O_TMPFILE. */
#include "witness.h"

#include <linux/openat2.h>
#include <sys/vfs.h>

static int openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
  return S(openat2, dirfd, path, &how, sizeof how);
}

static void opening(void) {
  O(open("", O_RDONLY));
  O(open("missing", O_RDONLY));
  O(open("missing/x", O_RDWR | O_CREAT, 0644));
  O(open("file/x", O_RDONLY));
  O(open("file/", O_RDONLY));
  O(open("file/.", O_RDONLY));
  O(open("file", O_RDONLY | O_DIRECTORY));
  O(open("dir", O_RDWR));
  O(open("dir", O_WRONLY));
  O(open("dir", O_RDONLY));
  O(open("dir", O_RDONLY | O_TRUNC));
  O(open("dir", O_RDONLY | O_CREAT, 0644));
  O(open("dir", O_RDONLY | O_CREAT | O_EXCL, 0644));
  O(open("dir/", O_RDONLY | O_CREAT, 0644));
  O(open("new/", O_RDWR | O_CREAT, 0644));
  O(open("file/", O_RDWR | O_CREAT, 0644));
  O(open("link/", O_RDWR | O_CREAT, 0644));
  O(open("dirlink/", O_RDONLY));
  O(open("dirlink/", O_RDONLY | O_NOFOLLOW));
  O(open("dirlink", O_RDONLY | O_NOFOLLOW));
  O(open("dirlink", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
  O(open("link", O_RDONLY | O_NOFOLLOW));
  O(open("link", O_RDONLY | O_DIRECTORY));
  O(open("link", O_RDONLY | O_CREAT | O_EXCL, 0644));
  O(open("dangling", O_RDONLY));
  O(open("dangling", O_RDONLY | O_CREAT | O_EXCL, 0644));
  O(open("dangling/", O_RDWR | O_CREAT, 0644));
  O(open("loop", O_RDONLY));
  O(open("loop", O_RDONLY | O_NOFOLLOW));
  O(open("loop/x", O_RDONLY));
  O(open("loop", O_RDWR | O_CREAT, 0644));
  O(open("dir", O_RDONLY | O_CREAT | O_DIRECTORY, 0644));
  O(open("new", O_RDONLY | O_CREAT | O_DIRECTORY, 0644));
  O(open("file", O_RDWR | O_TRUNC | O_DIRECTORY));
  O(open("file", 3));
  O(open("dir", 3));
  O(open("file", 3 | O_CREAT, 0644));
  O(open("file", O_RDONLY | O_NOATIME));
  O(open("file", O_RDWR | O_SYNC | O_APPEND | O_DSYNC));
  O(open("file", O_RDONLY | O_NONBLOCK | O_NOCTTY));
  O(open("file", 0x40000000));
  O(open("/", O_RDONLY | O_CREAT, 0644));
  O(open(".", O_RDONLY | O_CREAT, 0644));
  O(open("..", O_RDWR));
  O(open("dir/../file", O_RDONLY));
  O(open("missing/../file", O_RDONLY));
  O(open("file/../file", O_RDONLY));
  O(open("dir//..//file", O_RDONLY));
  O(openat(-1, "file", O_RDONLY));
  O(openat(99, "file", O_RDONLY));
  O(openat(99, "/", O_RDONLY));
  O(openat(99, "", O_RDONLY));
  int file = M(open("file", O_RDONLY));
  int dir = M(open("dir", O_RDONLY));
  O(openat(file, "x", O_RDONLY));
  O(openat(file, ".", O_RDONLY));
  O(openat(file, "", O_RDONLY));
  O(openat(dir, "../file", O_RDONLY));
  O(openat(dir, "", O_RDONLY));
  T(S(open, 8, O_RDONLY));
  T(S(open, -1, O_RDONLY));
  T(S(creat, "file/x", 0644));
  T(S(creat, "dir", 0644));
  close(dir);
  close(file);
}

static void statusFlags(void) {
  int fd = M(open("file", O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0644));
  printf("F_GETFL %#o\n", fcntl(fd, F_GETFL));
  T(fcntl(fd, F_SETFL, O_NOATIME | O_RDONLY | O_SYNC | O_EXCL));
  printf("F_GETFL %#o\n", fcntl(fd, F_GETFL));
  T(fcntl(fd, F_SETFL, 0));
  printf("F_GETFL %#o\n", fcntl(fd, F_GETFL));
  close(fd);
  fd = S(open, "file", O_RDONLY);
  printf("raw open: F_GETFL %#o\n", fcntl(fd, F_GETFL));
  close(fd);
  fd = S(creat, "made", 0666);
  printf("raw creat: F_GETFL %#o\n", fcntl(fd, F_GETFL));
  close(fd);
  fd = S(openat, AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  printf("directory: F_GETFL %#o\n", fcntl(fd, F_GETFL));
  close(fd);
  fd = S(openat, AT_FDCWD, "file", O_RDONLY | O_SYNC | O_NOATIME | O_ASYNC);
  printf("sync: F_GETFL %#o\n", fcntl(fd, F_GETFL));
  close(fd);
}

static void paths(void) {
  char text[8];
  struct stat st;
  struct statfs fs;
  int fd = M(open("file", O_PATH | O_RDWR | O_APPEND));
  printf("O_PATH: F_GETFL %#o\n", fcntl(fd, F_GETFL));
  T(read(fd, text, 1));
  T(write(fd, "x", 1));
  T(pread(fd, text, 1, 0));
  T(lseek(fd, 0, SEEK_SET));
  T(ftruncate(fd, 0));
  T(fchmod(fd, 0600));
  T(fchown(fd, -1, -1));
  T(fsync(fd));
  T(fcntl(fd, F_SETFL, O_APPEND));
  T(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_RDLCK}));
  T(fcntl(fd, F_SETOWN, 0));
  T(fcntl(fd, F_GETFD));
  T(fstat(fd, &st));
  T(fstatfs(fd, &fs));
  T(S(flock, fd, 1));
  T(S(ioctl, fd, 0x541b, text));
  T(S(fallocate, fd, 0, 0, 0, 4096, 0));
  T(S(fadvise64, fd, 0, 0, 0, 0));
  T(S(readahead, fd, 0, 0, 1));
  T(S(sync_file_range, fd, 0, 0, 0, 0, 0));
  T(S(syncfs, fd));
  T(S(fdatasync, fd));
  T(S(getdents64, fd, text, 8));
  T(S(sendfile, 1, fd, 0, 1));
  T(S(mmap2, 0, 4096, 1, 2, fd, 0));
  T(fchdir(fd));
  T(S(utimensat, fd, 0, 0, 0));
  T(S(utimensat, fd, "", 0, AT_EMPTY_PATH));
  T(S(fgetxattr, fd, "user.x", text, 8));
  T(S(linkat, fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH));
  T(unlink("linked"));
  O(dup(fd));
  O(fcntl(fd, F_DUPFD, 20));
  close(fd);
  fd = M(open("dir", O_PATH));
  O(openat(fd, "../file", O_RDONLY));
  T(fchdir(fd));
  T(chdir(".."));
  close(fd);
  fd = M(open("link", O_PATH | O_NOFOLLOW));
  T(fstat(fd, &st));
  printf("a link: %d\n", S_ISLNK(st.st_mode));
  T(S(readlinkat, fd, "", text, 8));
  O(openat(fd, "x", O_RDONLY));
  close(fd);
  O(open("dangling", O_PATH | O_NOFOLLOW));
  O(open("dangling", O_PATH));
  O(open("file", O_PATH | O_DIRECTORY));
  O(open("missing", O_PATH | O_CREAT, 0644));
  fd = M(open("file", O_RDONLY));
  T(S(readlinkat, fd, "", text, 8));
  close(fd);
}

static void resolving(void) {
  O(openat2(AT_FDCWD, "file", O_RDONLY, 0, 0));
  O(openat2(AT_FDCWD, "file", O_RDONLY, 0644, 0));
  O(openat2(AT_FDCWD, "made2", O_RDWR | O_CREAT, 0644, 0));
  O(openat2(AT_FDCWD, "made2", O_RDWR | O_CREAT, 010644, 0));
  O(openat2(AT_FDCWD, "file", 0x40000000, 0, 0));
  O(openat2(AT_FDCWD, "file", 1ull << 40, 0, 0));
  O(openat2(AT_FDCWD, "file", O_RDONLY, 0, 0x100));
  O(openat2(AT_FDCWD, "file", O_PATH | O_RDWR, 0, 0));
  O(openat2(AT_FDCWD, "file", O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, 0));
  O(openat2(AT_FDCWD, "file", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
  O(openat2(AT_FDCWD, "file", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "dir/../file", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "../x", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "..", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, ".", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "dir/../..", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "/", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "absolute", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "link", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "dirlink/../file", O_RDONLY, 0, RESOLVE_BENEATH));
  O(openat2(AT_FDCWD, "/file", O_RDONLY, 0, RESOLVE_IN_ROOT));
  O(openat2(AT_FDCWD, "../../file", O_RDONLY, 0, RESOLVE_IN_ROOT));
  O(openat2(AT_FDCWD, "absolute", O_RDONLY, 0, RESOLVE_IN_ROOT));
  O(openat2(AT_FDCWD, "rooted", O_RDONLY, 0, RESOLVE_IN_ROOT));
  O(openat2(AT_FDCWD, "/..", O_RDONLY, 0, RESOLVE_IN_ROOT));
  O(openat2(AT_FDCWD, "link", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
  O(openat2(AT_FDCWD, "dirlink/x", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
  O(openat2(AT_FDCWD, "dirlink", O_RDONLY | O_NOFOLLOW | O_PATH, 0, RESOLVE_NO_SYMLINKS));
  O(openat2(AT_FDCWD, "file", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
  O(openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
  O(openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, 0));
  O(openat2(AT_FDCWD, "/proc/self/exe", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_MAGICLINKS));
  O(openat2(AT_FDCWD, "/dev/null", O_RDONLY, 0, RESOLVE_NO_XDEV));
  O(openat2(AT_FDCWD, "file", O_RDONLY, 0, RESOLVE_NO_XDEV));
  O(openat2(AT_FDCWD, "made3", O_RDONLY | O_CREAT, 0644, RESOLVE_CACHED));
  O(openat2(AT_FDCWD, "file", O_RDONLY | O_TRUNC, 0, RESOLVE_CACHED));
  O(openat2(AT_FDCWD, "", O_RDONLY, 0, 0));
  O(openat2(99, "file", O_RDONLY, 0, 0));
  struct open_how how[3];
  memset(how, 0, sizeof how);
  O(S(openat2, AT_FDCWD, "file", how, 8));
  O(S(openat2, AT_FDCWD, "file", how, 23));
  O(S(openat2, AT_FDCWD, "file", how, 48));
  O(S(openat2, AT_FDCWD, "file", how, 5000));
  O(S(openat2, AT_FDCWD, "file", 8, 24));
  how[1].flags = 1;
  O(S(openat2, AT_FDCWD, "file", how, 48));
}

static void temporary(void) {
  char name[40];
  struct stat st;
  O(open(".", O_TMPFILE | O_RDONLY, 0600));
  O(open("file", O_TMPFILE | O_RDWR, 0600));
  O(open("missing", O_TMPFILE | O_RDWR, 0600));
  O(open(".", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600));
  O(open(".", O_TMPFILE | O_RDWR | O_CREAT, 0600));
  int fd = M(open(".", O_TMPFILE | O_RDWR, 0640));
  printf("F_GETFL %#o\n", fcntl(fd, F_GETFL));
  T(write(fd, "temporary", 9));
  T(fstat(fd, &st));
  printf("mode %o links %d size %d\n", st.st_mode, (int)st.st_nlink, (int)st.st_size);
  sprintf(name, "/proc/self/fd/%d", fd);
  T(linkat(AT_FDCWD, name, AT_FDCWD, "kept", AT_SYMLINK_FOLLOW));
  show("kept");
  T(fstat(fd, &st));
  printf("links %d\n", (int)st.st_nlink);
  close(fd);
  T(unlink("kept"));
  fd = M(open("dir", O_TMPFILE | O_WRONLY | O_EXCL, 0600));
  sprintf(name, "/proc/self/fd/%d", fd);
  T(linkat(AT_FDCWD, name, AT_FDCWD, "kept", AT_SYMLINK_FOLLOW));
  close(fd);
  show("kept");
  fd = M(open("dir", O_TMPFILE | O_WRONLY, 0600));
  T(linkat(fd, "", AT_FDCWD, "kept", AT_EMPTY_PATH));
  close(fd);
  show("kept");
}

int main(int argc, char **argv) {
  begin(argv);
  make("file", "0123456789");
  M(mkdir("dir", 0755));
  M(symlink("file", "link"));
  M(symlink("dir", "dirlink"));
  M(symlink("nowhere", "dangling"));
  M(symlink("loop", "loop"));
  M(symlink("/etc/passwd", "absolute"));
  M(symlink("/file", "rooted"));
  opening();
  statusFlags();
  paths();
  resolving();
  temporary();
  return 0;
}
