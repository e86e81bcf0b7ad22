/* Contents: positions, sizes at the edge, holes, fallocate, vectors, copying, mappings. */
#include "witness.h"

#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define SEEK(fd, at, whence) lseek64(fd, at, whence)

static void size(int fd) {
  struct stat64 st;
  M(fstat64(fd, &st));
  printf("size %lld blocks %lld\n", (long long)st.st_size, (long long)st.st_blocks);
}

static void positions(void) {
  char text[64];
  int fd = M(open64("p", O_RDWR | O_CREAT | O_TRUNC, 0644));
  T(write(fd, "0123456789", 10));
  T(SEEK(fd, 0, SEEK_CUR));
  T(SEEK(fd, -11, SEEK_CUR));
  T(SEEK(fd, -10, SEEK_CUR));
  T(SEEK(fd, -1, SEEK_SET));
  T(SEEK(fd, -3, SEEK_END));
  T(SEEK(fd, -11, SEEK_END));
  T(SEEK(fd, 5, 5));
  T(SEEK(fd, 5, -1));
  T(SEEK(99, 5, 0));
  T(SEEK(fd, INT64_MAX, SEEK_CUR));
  T(SEEK(fd, INT64_MIN, SEEK_SET));
  T(SEEK(fd, 20, SEEK_SET));
  T(read(fd, text, 5));
  T(write(fd, "x", 1));
  size(fd);
  T(pread64(fd, text, 5, 8));
  T(pread64(fd, text, 5, -1));
  T(pwrite64(fd, text, 5, -1));
  T(pread64(99, text, 5, 0));
  T(read(fd, text, 0));
  T(write(fd, text, 0));
  T(S(read, fd, 8, 5));
  T(S(write, fd, 8, 5));
  T(S(read, fd, 8, 0));
  T(S(read, fd, -1, 5));
  T(S(read, fd, text, 0xfffffff0));
  T(lseek(fd, 3, SEEK_SET));
  T(S(lseek, fd, -4, SEEK_CUR));
  close(fd);
  fd = M(open64("p", O_RDONLY));
  T(write(fd, "x", 1));
  T(pwrite64(fd, "x", 1, 0));
  T(ftruncate64(fd, 1));
  T(S(fallocate, fd, 0, 0, 0, 4096, 0));
  close(fd);
  fd = M(open64("p", O_WRONLY | O_APPEND));
  T(read(fd, text, 1));
  T(SEEK(fd, 0, SEEK_SET));
  T(write(fd, "ap", 2));
  T(SEEK(fd, 0, SEEK_CUR));
  T(pwrite64(fd, "pe", 2, 0));
  T(SEEK(fd, 0, SEEK_CUR));
  size(fd);
  close(fd);
  show("p");
  fd = M(open("dir", O_RDONLY));
  T(read(fd, text, 1));
  T(pread64(fd, text, 1, 0));
  T(write(fd, text, 1));
  T(ftruncate64(fd, 0));
  T(SEEK(fd, 0, SEEK_END) >= -1);
  T(S(fallocate, fd, 0, 0, 0, 4096, 0));
  T(fsync(fd));
  T(S(ioctl, fd, 0x541b, text));
  close(fd);
}

static void edges(void) {
  char text[8], out[256];
  int fd = M(open("big", O_RDWR | O_CREAT | O_TRUNC, 0644));
  T(pwrite64(fd, "ab", 2, 0x7ffffffe));
  T(pwrite64(fd, "ab", 2, 0x7fffffff));
  T(pwrite64(fd, "ab", 2, 1ll << 40));
  T(SEEK(fd, 1ll << 33, SEEK_SET));
  T(write(fd, "x", 1));
  T(read(fd, text, 1));
  T(ftruncate64(fd, 1ll << 33));
  size(fd);
  T(S(fstat, fd, out));
  T(S(stat, "big", out));
  O(S(open, "big", O_RDONLY));
  O(S(open, "big", O_RDONLY | O_TRUNC));
  O(open64("big", O_RDONLY));
  O(S(open, "big", O_PATH));
  T(S(truncate, "big", 100));
  size(fd);
  T(S(truncate, "big", -1));
  T(S(ftruncate, fd, -5));
  T(ftruncate64(fd, -1));
  T(ftruncate64(fd, INT64_MIN));
  T(truncate64("big", -1));
  T(truncate64("missing", 1));
  T(truncate64("missing", -1));
  T(truncate64("dir", 1));
  T(truncate64("", 1));
  T(truncate64("p/x", 1));
  T(truncate64("p/", 1));
  T(truncate64("/dev/null", 1));
  T(ftruncate64(99, 1));
  int pipes[2];
  M(pipe(pipes));
  T(ftruncate64(pipes[1], 1));
  T(S(fallocate, pipes[1], 0, 0, 0, 4096, 0));
  T(S(fallocate, pipes[0], 0, 0, 0, 4096, 0));
  T(SEEK(pipes[0], 0, SEEK_CUR));
  T(pread64(pipes[0], text, 1, 0));
  T(pwrite64(pipes[1], text, 1, 0));
  T(fsync(pipes[1]));
  T(S(fadvise64, pipes[0], 0, 0, 0, 0));
  T(S(sync_file_range, pipes[0], 0, 0, 0, 0, 0));
  T(S(readahead, pipes[0], 0, 0, 1));
  close(pipes[0]);
  close(pipes[1]);
  close(fd);
}

static void holes(void) {
  int fd = M(open64("h", O_RDWR | O_CREAT | O_TRUNC, 0644));
  T(SEEK(fd, 0, SEEK_DATA));
  T(SEEK(fd, 0, SEEK_HOLE));
  T(pwrite64(fd, "data", 4, 0));
  T(pwrite64(fd, "data", 4, 40960));
  T(pwrite64(fd, "data", 4, 1 << 20));
  size(fd);
  T(SEEK(fd, 0, SEEK_DATA));
  T(SEEK(fd, 0, SEEK_HOLE));
  T(SEEK(fd, 4096, SEEK_DATA));
  T(SEEK(fd, 40961, SEEK_DATA));
  T(SEEK(fd, 40961, SEEK_HOLE));
  T(SEEK(fd, 50000, SEEK_DATA));
  T(SEEK(fd, 50000, SEEK_HOLE));
  T(SEEK(fd, (1 << 20) + 3, SEEK_HOLE));
  T(SEEK(fd, (1 << 20) + 4, SEEK_HOLE));
  T(SEEK(fd, (1 << 20) + 4, SEEK_DATA));
  T(SEEK(fd, -1, SEEK_DATA));
  T(SEEK(fd, -1, SEEK_HOLE));
  T(ftruncate64(fd, 2 << 20));
  T(SEEK(fd, (1 << 20) + 4096, SEEK_DATA));
  T(SEEK(fd, (1 << 20) + 4096, SEEK_HOLE));
  T(ftruncate64(fd, 40962));
  T(ftruncate64(fd, 45000));
  char text[8] = "";
  T(pread64(fd, text, 8, 40960));
  printf("%d %d %d %d\n", text[0], text[1], text[2], text[3]);
  size(fd);
  close(fd);
}

static int allocate(int fd, int mode, int64_t at, int64_t bytes) {
  return S(fallocate, fd, mode, LO(at), HI(at), LO(bytes), HI(bytes));
}

static void allocating(void) {
  char text[16];
  int fd = M(open64("a", O_RDWR | O_CREAT | O_TRUNC, 0644));
  T(allocate(fd, 0, 0, 10000));
  size(fd);
  T(allocate(fd, FALLOC_FL_KEEP_SIZE, 10000, 10000));
  size(fd);
  T(allocate(fd, 0, -1, 10));
  T(allocate(fd, 0, 0, 0));
  T(allocate(fd, 0, 0, -1));
  T(allocate(fd, 0, INT64_MAX, 1));
  T(allocate(fd, 0, INT64_MAX - 4096, INT64_MAX));
  T(allocate(99, 0, 0, 10));
  T(allocate(fd, 0x100, 0, 10));
  T(allocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
  T(allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE, 0, 10));
  T(allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 10));
  T(allocate(fd, 4, 0, 4096));
  for (int i = 0; i < 5; i++) M(pwrite64(fd, "filled", 6, i * 4096 + 4093));
  size(fd);
  char *map = mmap(0, 32768, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *own = mmap(0, 32768, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  own[4096] = 'o';
  printf("map %c%c own %c%c\n", map[4095], map[8192], own[4096], own[8192]);
  T(allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4094, 8200));
  T(SEEK(fd, 4096, SEEK_DATA));
  T(SEEK(fd, 0, SEEK_HOLE));
  size(fd);
  printf("map %d %d %d %d own %d %d %d\n", map[4093], map[4094], map[8192], map[12294], own[4096],
         own[4097], own[8192]);
  map[8193] = 'm';
  T(pread64(fd, text, 4, 8192));
  printf("%d %d\n", text[0], text[1]);
  T(allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 30));
  size(fd);
  printf("map %d %d own %d\n", map[8193], map[16384], own[4096]);
  T(ftruncate64(fd, 0));
  size(fd);
  munmap(map, 32768);
  munmap(own, 32768);
  close(fd);
}

static void vectors(void) {
  char a[4] = "", b[4] = "", c[8] = "";
  struct iovec v[3] = {{a, 3}, {b, 0}, {c, 5}};
  int fd = M(open64("p", O_RDWR | O_CREAT | O_TRUNC, 0644));
  T(write(fd, "0123456789", 10));
  T(S(preadv, fd, v, 3, 1, 0));
  printf("%.3s %.5s\n", a, c);
  T(S(preadv, fd, v, 3, -1, -1));
  T(S(preadv, fd, v, -1, 0, 0));
  T(S(preadv, fd, v, 1025, 0, 0));
  T(S(preadv, fd, v, 0, 0, 0));
  T(S(preadv, fd, 8, 1, 0, 0));
  T(S(pwritev, fd, v, 3, 8, 0));
  T(S(preadv2, fd, v, 3, 0, 0, 0));
  T(S(preadv2, fd, v, 3, -1, -1, 0));
  T(S(preadv2, fd, v, 3, -2, -1, 0));
  T(SEEK(fd, 2, SEEK_SET));
  T(S(preadv2, fd, v, 3, -1, -1, 0));
  printf("%.3s %.5s\n", a, c);
  T(SEEK(fd, 0, SEEK_CUR));
  T(S(preadv2, fd, v, 3, 0, 0, 0x1000));
  T(S(preadv2, fd, v, 3, 0, 0, 1));
  T(S(pwritev2, fd, v, 3, 0, 0, 0x10));
  T(S(pwritev2, fd, v, 3, 0, 0, 2));
  T(S(pwritev2, fd, v, 3, -1, -1, 0x10));
  T(SEEK(fd, 0, SEEK_CUR));
  size(fd);
  v[1].iov_len = -1;
  T(S(readv, fd, v, 3));
  v[1].iov_base = (void *)8;
  v[1].iov_len = 4;
  T(SEEK(fd, 0, SEEK_SET));
  T(S(readv, fd, v, 3));
  T(SEEK(fd, 0, SEEK_CUR));
  v[0].iov_base = (void *)8;
  T(S(writev, fd, v, 3));
  close(fd);
}

static void copying(void) {
  char text[64];
  off64_t in = 2, out = 1;
  off_t in32 = 5;
  make("from", "0123456789abcdef");
  make("to", "");
  int from = M(open64("from", O_RDWR));
  int to = M(open64("to", O_RDWR));
  int append = M(open64("to", O_WRONLY | O_APPEND));
  int dir = M(open("dir", O_RDONLY));
  int reader = M(open("from", O_RDONLY));
  int writer = M(open("to", O_WRONLY));
#define COPY(a, ap, b, bp, n, f) S(copy_file_range, a, ap, b, bp, n, f)
  T(COPY(from, &in, to, &out, 5, 0));
  printf("%lld %lld\n", (long long)in, (long long)out);
  T(COPY(from, 0, to, 0, 4, 0));
  T(SEEK(from, 0, SEEK_CUR));
  T(SEEK(to, 0, SEEK_CUR));
  T(COPY(from, 0, to, 0, 100, 0));
  T(COPY(from, 0, to, 0, 100, 0));
  T(COPY(from, 0, to, 0, 0, 0));
  show("to");
  T(COPY(from, 0, to, 0, 1, 1));
  T(COPY(99, 0, to, 0, 1, 0));
  T(COPY(from, 0, 99, 0, 1, 0));
  T(COPY(writer, 0, to, 0, 1, 0));
  T(COPY(from, 0, reader, 0, 1, 0));
  T(COPY(from, 0, append, 0, 1, 0));
  T(COPY(dir, 0, to, 0, 1, 0));
  T(COPY(from, 0, dir, 0, 1, 0));
  in = 0, out = 4;
  T(COPY(from, &in, from, &out, 8, 0));
  T(COPY(from, &in, from, &out, 4, 0));
  in = -1;
  T(COPY(from, &in, to, 0, 1, 0));
  in = INT64_MAX - 1;
  T(COPY(from, &in, to, 0, 10, 0));
  in = 1000;
  T(COPY(from, &in, to, 0, 10, 0));
  T(S(copy_file_range, from, 8, to, 0, 10, 0));
  int pipes[2];
  M(pipe(pipes));
  T(COPY(pipes[0], 0, to, 0, 1, 0));
  T(COPY(from, 0, pipes[1], 0, 1, 0));
  T(SEEK(from, 0, SEEK_SET));
  T(S(sendfile, pipes[1], from, 0, 6));
  T(S(sendfile, pipes[1], from, &in32, 6));
  printf("%ld\n", (long)in32);
  T(read(pipes[0], text, 64));
  printf("%.12s\n", text);
  in = 14;
  T(S(sendfile64, to, from, &in, 6));
  printf("%lld\n", (long long)in);
  T(S(sendfile64, to, from, &in, 6));
  in = -3;
  T(S(sendfile64, to, from, &in, 6));
  T(S(sendfile64, append, from, 0, 6));
  T(S(sendfile64, from, pipes[0], 0, 1));
  T(S(sendfile64, to, dir, 0, 1));
  T(S(sendfile64, dir, from, 0, 1));
  T(S(sendfile64, to, writer, 0, 1));
  T(S(sendfile64, 99, from, 0, 1));
  T(S(sendfile64, to, 99, 0, 1));
  T(S(sendfile64, to, from, 8, 1));
  in32 = -4;
  T(S(sendfile, to, from, &in32, 6));
  show("to");
}

static void mapped(void) {
  char text[16];
  int fd = M(open64("m", O_RDWR | O_CREAT | O_TRUNC, 0644));
  M(ftruncate64(fd, 10000));
  char *map = mmap(0, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  memcpy(map + 4094, "across", 6);
  T(unlink("m"));
  T(pread64(fd, text, 6, 4094));
  printf("%.6s\n", text);
  T(msync(map, 12288, MS_SYNC));
  T(msync(map, 12288, MS_ASYNC));
  T(msync(map + 1, 1, MS_SYNC));
  T(pwrite64(fd, "written", 7, 9996));
  printf("%.7s\n", map + 9996);
  size(fd);
  T(ftruncate64(fd, 4097));
  T(ftruncate64(fd, 8192));
  printf("%d %d %d\n", map[4095], map[4096], map[4097]);
  close(fd);
  map[8191] = 'x';
  T(munmap(map, 12288));
  fd = M(open64("m2", O_RDWR | O_CREAT | O_TRUNC, 0644));
  M(ftruncate64(fd, 5000));
  map = mmap(0, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  memcpy(map, "kept by the mapping", 19);
  close(fd);
  T(rename("m2", "m3"));
  munmap(map, 5000);
  show("m3") ;
  fd = M(open("m3", O_RDONLY));
  T(mmap(0, 4096, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
  T(mmap(0, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
  T(mmap(0, 4096, PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
  close(fd);
  fd = M(open("m3", O_WRONLY));
  T(mmap(0, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
  close(fd);
}

static void advice(void) {
  int fd = M(open("p", O_RDWR));
  T(S(fadvise64, fd, 0, 0, 0, 0));
  T(S(fadvise64, fd, 0, 0, 0, 5));
  T(S(fadvise64, fd, 0, 0, 0, 6));
  T(S(fadvise64, fd, 0, 0, 0, -1));
  T(S(fadvise64, fd, 0, 0, -1, 3));
  T(S(fadvise64_64, fd, 0, 0, -1, -1, 3));
  T(S(fadvise64_64, fd, -1, -1, 0, 0, 3));
  T(S(fadvise64_64, fd, 0, 0, 4096, 0, 4));
  T(S(fadvise64, 99, 0, 0, 0, 0));
  T(S(readahead, fd, 0, 0, 4096));
  T(S(readahead, fd, -1, -1, 4096));
  T(S(readahead, 99, 0, 0, 4096));
  T(S(sync_file_range, fd, 0, 0, 0, 0, 7));
  T(S(sync_file_range, fd, 0, 0, 0, 0, 8));
  T(S(sync_file_range, fd, -1, -1, 0, 0, 7));
  T(S(sync_file_range, fd, 0, 0, -1, -1, 7));
  T(S(sync_file_range, fd, 4096, 0, 0, 0, 0));
  T(S(sync_file_range, 99, 0, 0, 0, 0, 7));
  T(S(syncfs, fd));
  T(S(syncfs, 99));
  T(fsync(fd));
  T(fdatasync(fd));
  T(fdatasync(99));
  T(S(sync));
  close(fd);
  fd = M(open("p", O_WRONLY));
  T(S(readahead, fd, 0, 0, 4096));
  close(fd);
  fd = M(open("dir", O_RDONLY));
  T(S(readahead, fd, 0, 0, 4096));
  T(S(fadvise64, fd, 0, 0, 0, 0));
  T(S(sync_file_range, fd, 0, 0, 0, 0, 0));
  close(fd);
}

static void devices(void) {
  char text[16] = "abcdefghijklmno";
  const char *names[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom"};
  for (int i = 0; i < 4; i++) {
    int fd = M(open(names[i], O_RDWR | O_TRUNC | O_CREAT, 0644));
    printf("%s\n", names[i]);
    T(i == 3 ? 0 : read(fd, text, 4));
    T(i == 3 ? 0 : write(fd, text, 4));
    T(i == 3 ? 0 : SEEK(fd, 100, SEEK_SET));
    T(i == 3 ? 0 : SEEK(fd, 0, SEEK_END));
    T(ftruncate(fd, 0));
    T(allocate(fd, 0, 0, 10));
    T(i == 3 ? 0 : fsync(fd));
    T(pread64(fd, text, 3, 1000));
    T(i == 3 ? 0 : pwrite64(fd, text, 3, 1000));
    T(write(fd, text, 0));
    T(S(read, fd, 8, 4));
    T(i == 3 ? 0 : S(fadvise64, fd, 0, 0, 0, 0));
    struct stat st;
    M(fstat(fd, &st));
    printf("mode %o rdev %x size %d\n", st.st_mode, (int)st.st_rdev, (int)st.st_size);
    close(fd);
  }
  T(truncate("/dev/full", 0));
  T(mkdir("/dev/null/x", 0755));
  O(open("/dev/null/", O_RDONLY));
  O(open("/dev/null", O_RDONLY | O_DIRECTORY));
}

int main(int argc, char **argv) {
  begin(argv);
  M(mkdir("dir", 0755));
  positions();
  edges();
  holes();
  allocating();
  vectors();
  copying();
  mapped();
  advice();
  devices();
  return 0;
}
