/* Attributes: stat in all shapes, rights, owners, times, extended attributes; as root and not. */
#include "witness.h"

#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <utime.h>

/* Which bits a file may get: in a folder of the host's none that give privileges. */
static int allowed = 07777;

static void mode(const char *path) {
  struct stat st;
  M(lstat(path, &st));
  printf("%s: %o %d:%d\n", path, st.st_mode, st.st_uid, st.st_gid);
}

static void times(const char *path) {
  struct stat st;
  M(lstat(path, &st));
  printf("%s: %lld.%09ld %lld.%09ld\n", path, (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
         (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void rights(void) {
  T(chmod("f", 07777 & allowed));
  mode("f");
  T(chmod("f", 0170000 | 0640));
  mode("f");
  T(chmod("missing", 0));
  T(chmod("dangling", 0));
  T(chmod("", 0));
  T(chmod("link", 0604));
  mode("f");
  mode("link");
  T(S(fchmodat, AT_FDCWD, "f", 0600));
  T(S(fchmodat, 99, "f", 0600));
  T(S(fchmodat, 99, "/", 0755) >= -1);
  T(S(fchmod, 99, 0600));
  int fd = M(open("f", O_RDONLY));
  T(fchmod(fd, 0644));
  close(fd);
  T(chmod("d", 01777));
  mode("d");
  T(chmod("d", 0755));
}

static void owners(void) {
  T(chown("f", 1000, -1));
  mode("f");
  T(chown("f", -1, 1001));
  mode("f");
  T(chmod("f", 06755 & allowed));
  T(chown("f", -1, -1));
  mode("f");
  T(chown("f", 1000, 1000));
  mode("f");
  T(chmod("f", 02644 & allowed));
  T(chown("f", 0, 0));
  mode("f");
  T(lchown("link", 5, 6));
  mode("link");
  T(S(chown, "f", 0xffff, 0x12345));
  mode("f");
  T(S(lchown, "f", 7, 0xffff));
  mode("f");
  T(S(fchownat, AT_FDCWD, "link", 8, 9, 0));
  T(S(fchownat, AT_FDCWD, "link", 10, 11, AT_SYMLINK_NOFOLLOW));
  mode("f");
  mode("link");
  T(S(fchownat, AT_FDCWD, "", 1, 1, AT_EMPTY_PATH));
  T(S(fchownat, AT_FDCWD, "", 0, 0, AT_EMPTY_PATH));
  T(S(fchownat, AT_FDCWD, "", 1, 1, 0));
  T(S(fchownat, AT_FDCWD, "f", 1, 1, 0x400));
  T(S(fchown, 99, 1, 1));
  T(chown("f", 0, 0));
  T(chown("missing", 0, 0));
  T(chmod("f", 0644));
}

static void stamps(void) {
  struct timespec t[2] = {{1000, 5}, {2000, 999999999}};
  struct timeval v[2] = {{3000, 7}, {4000, 999999}};
  struct utimbuf u = {5000, 6000};
  int32_t t32[4] = {-7, 1, -8, 2};
  int64_t t64[4] = {1ll << 30, 1, -1, 2};
  T(S(utimensat, AT_FDCWD, "f", t32, 0));
  times("f");
  T(S(utimensat_time64, AT_FDCWD, "f", t64, 0));
  times("f");
  t64[0] = 12345, t64[1] = UTIME_OMIT, t64[2] = 77, t64[3] = 0;
  T(S(utimensat_time64, AT_FDCWD, "f", t64, 0));
  times("f");
  t64[1] = 1000000000;
  T(S(utimensat_time64, AT_FDCWD, "f", t64, 0));
  t64[1] = -1;
  T(S(utimensat_time64, AT_FDCWD, "f", t64, 0));
  t64[1] = t64[3] = UTIME_OMIT;
  T(S(utimensat_time64, AT_FDCWD, "missing", t64, 0));
  T(S(utimensat_time64, AT_FDCWD, 8, t64, 0));
  T(S(utimensat_time64, AT_FDCWD, "f", 8, 0));
  T(S(utimensat_time64, AT_FDCWD, "f", t64, 0x8000));
  T(S(utimensat_time64, AT_FDCWD, 0, 0, 0));
  T(S(utimensat_time64, 99, 0, 0, 0));
  T(S(utimensat_time64, AT_FDCWD, "", 0, 0));
  T(S(utimensat_time64, AT_FDCWD, "f", t64, 1));
  int fd = M(open("f", O_RDONLY));
  t64[0] = 1, t64[1] = 2, t64[2] = 3, t64[3] = 4;
  T(S(utimensat_time64, fd, 0, t64, 0));
  times("f");
  T(S(utimensat_time64, fd, 0, t64, AT_SYMLINK_NOFOLLOW));
  T(S(utimensat_time64, fd, "", t64, AT_EMPTY_PATH));
  T(S(utimensat_time64, fd, "", t64, 0));
  close(fd);
  T(S(utimensat_time64, AT_FDCWD, "link", t64, AT_SYMLINK_NOFOLLOW));
  times("link");
  T(S(utime, "f", &u));
  struct { int32_t a, b; } old = {5000, 6000};
  T(S(utime, "f", &old));
  times("f");
  T(S(utime, "missing", &old));
  int32_t v32[4] = {3000, 7, 4000, 999999};
  T(S(utimes, "f", v32));
  times("f");
  v32[1] = 1000000;
  T(S(utimes, "f", v32));
  v32[1] = -1;
  T(S(utimes, "f", v32));
  v32[1] = 5;
  T(S(futimesat, AT_FDCWD, "link", v32));
  times("f");
  T(S(futimesat, AT_FDCWD, 0, v32));
  T(S(utimes, 0, v32));
}

struct kernel_stat64 { char bytes[104]; };

static void telling(void) {
  struct statx x;
  char out[256];
  T(S(statx, AT_FDCWD, "f", 0, 0x7ff, &x));
  printf("%x %o %d\n", x.stx_mask & 0x7ff, x.stx_mode, (int)x.stx_size);
  T(S(statx, AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, 0x7ff, &x));
  printf("%o %d\n", x.stx_mode, (int)x.stx_size);
  T(S(statx, AT_FDCWD, "f", 0x6000, 0x7ff, &x));
  T(S(statx, AT_FDCWD, "f", 0x2000, 0x7ff, &x));
  T(S(statx, AT_FDCWD, "f", 0x10000, 0x7ff, &x));
  T(S(statx, AT_FDCWD, "f", 0, 0x80000000, &x));
  T(S(statx, AT_FDCWD, "f", 0, 0, &x));
  T(S(statx, AT_FDCWD, "", 0, 0, &x));
  T(S(statx, AT_FDCWD, "", AT_EMPTY_PATH, 0, &x));
  T(S(statx, 0, "", AT_EMPTY_PATH, 0, &x));
  T(S(statx, 99, "", AT_EMPTY_PATH, 0, &x));
  T(S(statx, AT_FDCWD, "f", 0, 0x7ff, 8));
  T(S(statx, AT_FDCWD, 8, 0, 0x7ff, &x));
  T(S(fstatat64, AT_FDCWD, "f", out, 0));
  T(S(fstatat64, AT_FDCWD, "f", out, 0x8000));
  T(S(fstatat64, AT_FDCWD, "f", out, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW));
  T(S(fstatat64, AT_FDCWD, "", out, AT_EMPTY_PATH));
  T(S(fstatat64, AT_FDCWD, "", out, 0));
  T(S(fstatat64, 99, "f", out, 0));
  T(S(stat64, "f", 8));
  T(S(stat64, "f/", out));
  T(S(lstat64, "link/", out));
  T(S(lstat64, "dlink/", out));
  T(S(lstat64, "dlink/.", out));
  T(S(fstat64, 99, out));
  T(S(oldfstat, 0, out));
  T(S(oldfstat, 99, out));
  T(S(statfs64, "f", 84, out));
  T(S(statfs64, "f", 83, out));
  T(S(statfs64, "missing", 84, out));
  T(S(statfs64, "f", 84, 8));
  T(S(fstatfs64, 99, 84, out));
  T(S(statfs, "missing", out));
  T(S(access, "f", 8));
  T(S(access, "f", 7));
  T(S(access, "d", 7));
  T(S(faccessat, 99, "f", 0));
  T(S(faccessat2, AT_FDCWD, "f", 0, 0x400));
  T(S(faccessat2, AT_FDCWD, "dangling", 0, AT_SYMLINK_NOFOLLOW));
  T(S(faccessat2, AT_FDCWD, "dangling", 0, 0));
  T(S(faccessat2, AT_FDCWD, "", 0, AT_EMPTY_PATH));
  T(S(faccessat2, AT_FDCWD, "f", 4, AT_EACCESS));
}

static void extended(void) {
  char out[64];
  char name[300];
  int fd = M(open("f", O_RDONLY));
  T(getxattr("f", "user.none", out, 64) == -1);
  T(getxattr("missing", "user.x", out, 64));
  T(getxattr("f", "", out, 64));
  memset(name, 'u', 299);
  name[299] = 0;
  T(getxattr("f", name, out, 64));
  T(getxattr("f", "nothing", out, 64));
  T(getxattr("f", "strange.x", out, 64));
  T(S(getxattr, "f", 8, out, 64));
  T(S(setxattr, "f", "user.x", "v", 1, 4));
  T(S(setxattr, "f", "strange.x", "v", 1, 0));
  T(S(setxattr, "f", "strange.x", "v", 70000, 0));
  T(S(setxattr, "f", "strange.x", 8, 1, 0));
  T(S(setxattr, "missing", "user.x", "v", 1, 0));
  T(S(fsetxattr, 99, "user.x", "v", 1, 0));
  T(S(fgetxattr, 99, "user.x", out, 1));
  T(S(flistxattr, 99, out, 1));
  T(S(listxattr, "missing", out, 1));
  T(S(removexattr, "missing", "user.x"));
  T(S(removexattr, "f", "strange.x"));
  T(S(fremovexattr, 99, "user.x"));
  T(S(lsetxattr, "link", "user.x", "v", 1, 0));
  T(S(lgetxattr, "link", "user.x", out, 1));
  close(fd);
}

static void entering(void) {
  char out[64];
  T(chdir("f"));
  T(chdir("missing"));
  T(chdir(""));
  T(chdir("link"));
  T(chdir("dlink"));
  T(chdir(".."));
  T(S(fchdir, 99));
  T(S(fchdir, 0));
  T(S(chroot, "missing"));
  T(S(chroot, "f"));
  printf("umask %o\n", umask(07777));
  printf("umask %o\n", umask(022));
}

static void another(void) {
  struct stat st;
  char out[64];
  make("private", "p");
  M(chmod("private", 0600));
  M(mkdir("closed", 0700));
  make("closed/f", "c");
  M(mkdir("sticky", 0777));
  M(chmod("sticky", 01777));
  make("sticky/root", "r");
  M(chmod("sticky/root", 0666));
  M(mkdir("open", 0777));
  M(chmod("open", 0777));
  make("open/root", "r");
  make("group", "g");
  M(chown("group", 0, 2000));
  M(chmod("group", 0640));
  M(mkdir("setgid", 0777));
  M(chown("setgid", 0, 3000));
  M(chmod("setgid", 02777));
  make("write-only", "w");
  M(chmod("write-only", 0622));
  M(mkdir("list-only", 0777));
  make("list-only/f", "l");
  M(chmod("list-only", 0744));
  M(mkdir("search-only", 0777));
  make("search-only/f", "l");
  M(chmod("search-only", 0711));
  gid_t groups[] = {2000};
  M(S(setgroups32, 1, groups));
  M(S(setresgid32, 1000, 1000, 1000));
  M(S(setresuid32, 1000, 1000, 1000));
  O(open("private", O_RDONLY));
  O(open("closed/f", O_RDONLY));
  O(open("closed", O_RDONLY));
  O(open("closed", O_PATH));
  O(open("closed/missing", O_RDWR | O_CREAT, 0644));
  O(open("group", O_RDONLY));
  O(open("group", O_RDWR));
  O(open("write-only", O_WRONLY));
  O(open("write-only", O_RDONLY));
  O(open("write-only", O_RDONLY | O_TRUNC));
  O(open("group", O_RDONLY | O_TRUNC));
  O(open("group", O_RDONLY | O_NOATIME));
  O(open("list-only/f", O_RDONLY));
  O(open("list-only", O_RDONLY));
  O(open("search-only/f", O_RDONLY));
  O(open("search-only", O_RDONLY));
  O(open("new", O_RDWR | O_CREAT, 0644));
  T(access("private", R_OK));
  T(access("private", F_OK));
  T(access("closed/f", F_OK));
  T(access("group", W_OK));
  T(access("group", R_OK));
  T(access("search-only", X_OK));
  T(stat("closed/f", &st));
  T(chmod("group", 0777));
  T(chmod("missing", 0777));
  T(chown("group", -1, 2000));
  T(chown("group", 1000, -1));
  T(unlink("sticky/root"));
  T(rename("sticky/root", "sticky/other"));
  T(rename("sticky/root", "open/other"));
  T(unlink("open/root"));
  T(mkdir("new", 0755));
  T(rmdir("closed"));
  T(unlink("private"));
  T(link("private", "open/linked"));
  T(link("group", "open/linked"));
  T(rename("private", "open/x"));
  T(symlink("x", "new"));
  T(mknod("new", S_IFREG | 0644, 0));
  T(mknod("open/dev", S_IFCHR | 0644, 0x103));
  T(mknod("new", S_IFCHR | 0644, 0x103));
  T(truncate("group", 0));
  T(truncate("write-only", 0));
  T(utime("group", 0));
  T(S(utimensat, AT_FDCWD, "write-only", 0, 0));
  int32_t t[4] = {1, 0, 1, 0};
  T(S(utimensat, AT_FDCWD, "write-only", t, 0));
  t[1] = t[3] = UTIME_OMIT;
  T(S(utimensat, AT_FDCWD, "write-only", t, 0));
  t[3] = UTIME_NOW;
  T(S(utimensat, AT_FDCWD, "write-only", t, 0));
  int fd = M(open("setgid/mine", O_RDWR | O_CREAT, 02755 & allowed));
  mode("setgid/mine");
  T(mkdir("setgid/dir", 0755));
  mode("setgid/dir");
  T(symlink("x", "setgid/link"));
  mode("setgid/link");
  T(fchmod(fd, 06755 & allowed));
  mode("setgid/mine");
  T(fchown(fd, -1, 2000));
  mode("setgid/mine");
  T(fchmod(fd, 06755 & allowed));
  T(write(fd, "x", 1));
  mode("setgid/mine");
  T(fchmod(fd, 06745 & allowed));
  T(ftruncate(fd, 0));
  mode("setgid/mine");
  T(fchown(fd, -1, 3001));
  T(fchown(fd, 1000, 1000));
  T(fchown(fd, 1001, -1));
  T(chdir("closed"));
  T(chdir("list-only"));
  T(chdir("search-only"));
  T(chdir(".."));
  T(S(chroot, "."));
  T(S(mount, "none", "open", "tmpfs", 0, 0));
  T(S(mount, "none", "open", 0, 0x1000, 0));
  T(S(umount2, "open", 0));
  T(S(umount, "open"));
  T(S(pivot_root, "open", "open"));
  T(S(swapon, "private", 0));
  T(S(swapoff, "private"));
  T(S(acct, "private"));
  T(S(acct, 0));
  T(S(fsopen, "tmpfs", 0));
  T(S(fspick, AT_FDCWD, "open", 0));
  T(S(fsmount, 0, 0, 0));
  T(S(move_mount, AT_FDCWD, "open", AT_FDCWD, "open", 0));
  O(S(open_tree, AT_FDCWD, "open", 1));
  T(S(mount_setattr, AT_FDCWD, "open", 0, out, 32));
  T(S(vhangup));
  T(linkat(fd, "", AT_FDCWD, "open/empty", AT_EMPTY_PATH) == 5);
  close(fd);
}

int main(int argc, char **argv) {
  begin(argv);
  if (argc > 2) allowed = 01777;
  make("f", "content");
  M(mkdir("d", 0755));
  M(symlink("f", "link"));
  M(symlink("d", "dlink"));
  M(symlink("nowhere", "dangling"));
  rights();
  owners();
  stamps();
  telling();
  extended();
  entering();
  another();
  return 0;
}
