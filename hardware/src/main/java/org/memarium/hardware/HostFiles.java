package org.memarium.hardware;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.BitSet;

/**
 * The file calls of the host's kernel, by their numbers on x86-64: what {@code java.nio} has no
 * method for, or only by paths that the host resolves anew each time.
 *
 * <p>Descriptors, flags and errors are the kernel's own. Names are bytes without a NUL. Every
 * result is a value that is not negative, or {@code -errno}. One object belongs to one thread.
 */
public final class HostFiles {
  /** A relative path starts at the working directory of this process. */
  public static final int AT_FDCWD = -100;

  // ---- arch/x86/entry/syscalls/syscall_64.tbl ----
  private static final int CLOSE = 3;
  private static final int LSEEK = 8;
  private static final int PREAD64 = 17;
  private static final int PWRITE64 = 18;
  private static final int FLOCK = 73;
  private static final int FSYNC = 74;
  private static final int FTRUNCATE = 77;
  private static final int FCHMOD = 91;
  private static final int FCHOWN = 93;
  private static final int FSTATFS = 138;
  private static final int GETDENTS64 = 217;
  private static final int OPENAT = 257;
  private static final int MKDIRAT = 258;
  private static final int MKNODAT = 259;
  private static final int FCHOWNAT = 260;
  private static final int UNLINKAT = 263;
  private static final int LINKAT = 265;
  private static final int SYMLINKAT = 266;
  private static final int READLINKAT = 267;
  private static final int FCHMODAT = 268;
  private static final int UTIMENSAT = 280;
  private static final int FALLOCATE = 285;
  private static final int RENAMEAT2 = 316;
  private static final int STATX = 332;
  private static final int OPENAT2 = 437;

  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int STATX_BYTES = 256;
  private static final int STATFS_BYTES = 120;
  private static final int NAME_BYTES = 8192;
  private static final int DATA_BYTES = 64 * 1024;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO = STATE.varHandle(PathElement.groupElement("errno"));

  /** {@code long syscall(long number, ...)}, always with six arguments. */
  private static final MethodHandle SYSCALL =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("syscall"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG),
          Linker.Option.captureCallState("errno"));

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  /** What {@link #openat} opened and {@link #close} has not closed. */
  private final BitSet open = new BitSet();

  private final MemorySegment state;
  private final MemorySegment name;
  private final MemorySegment otherName;
  private final MemorySegment data;

  /** Buffers of its own, which go with the object. */
  public HostFiles() {
    Arena arena = Arena.ofAuto();
    state = arena.allocate(STATE);
    name = arena.allocate(NAME_BYTES);
    otherName = arena.allocate(NAME_BYTES);
    data = arena.allocate(DATA_BYTES);
  }

  private long call(int number, long a, long b, long c, long d, long e) {
    long result;
    try {
      result = (long) SYSCALL.invokeExact(state, (long) number, a, b, c, d, e, 0L);
    } catch (Throwable unexpected) {
      throw new LinkageError("syscall could not be called", unexpected);
    }
    return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
  }

  private long call(int number, long a, long b, long c) {
    return call(number, a, b, c, 0, 0);
  }

  /** {@code -ENAMETOOLONG} is left to the kernel: what does not fit here is too long for it too. */
  private static long put(MemorySegment to, byte[] bytes) {
    int length = Math.min(bytes.length, NAME_BYTES - 1);
    MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, 0, length);
    to.set(ValueLayout.JAVA_BYTE, length, (byte) 0);
    return to.address();
  }

  // ---- Opening ----

  /** openat(2). */
  public long openat(int dirfd, byte[] path, int flags, int mode) {
    return opened(call(OPENAT, dirfd, put(name, path), flags, mode, 0));
  }

  /** openat2(2). */
  public long openat2(int dirfd, byte[] path, long flags, long mode, long resolve) {
    data.set(LONG, 0, flags);
    data.set(LONG, 8, mode);
    data.set(LONG, 16, resolve);
    return opened(call(OPENAT2, dirfd, put(name, path), data.address(), 24, 0));
  }

  private long opened(long result) {
    if (result >= 0) {
      open.set((int) result);
    }
    return result;
  }

  /** close(2). */
  public long close(int fd) {
    if (fd >= 0) {
      open.clear(fd);
    }
    return call(CLOSE, fd, 0, 0);
  }

  /** Closes every descriptor that was opened here and is still open. */
  public void closeAll() {
    open.stream().forEach(fd -> call(CLOSE, fd, 0, 0));
    open.clear();
  }

  // ---- Names ----

  /** mkdirat(2). */
  public long mkdirat(int dirfd, byte[] path, int mode) {
    return call(MKDIRAT, dirfd, put(name, path), mode);
  }

  /** mknodat(2). */
  public long mknodat(int dirfd, byte[] path, int mode) {
    return call(MKNODAT, dirfd, put(name, path), mode);
  }

  /** unlinkat(2). */
  public long unlinkat(int dirfd, byte[] path, int flags) {
    return call(UNLINKAT, dirfd, put(name, path), flags);
  }

  /** linkat(2). */
  public long linkat(int oldDirfd, byte[] oldPath, int newDirfd, byte[] newPath, int flags) {
    return call(LINKAT, oldDirfd, put(name, oldPath), newDirfd, put(otherName, newPath), flags);
  }

  /** symlinkat(2). */
  public long symlinkat(byte[] target, int dirfd, byte[] path) {
    return call(SYMLINKAT, put(name, target), dirfd, put(otherName, path));
  }

  /** renameat2(2). */
  public long renameat2(int oldDirfd, byte[] oldPath, int newDirfd, byte[] newPath, int flags) {
    return call(RENAMEAT2, oldDirfd, put(name, oldPath), newDirfd, put(otherName, newPath), flags);
  }

  /** readlinkat(2): returns how many bytes of the target went into the buffer. */
  public long readlinkat(int dirfd, byte[] path, byte[] target) {
    int room = Math.min(target.length, DATA_BYTES);
    long length = call(READLINKAT, dirfd, put(name, path), data.address(), room, 0);
    copyOut(target, 0, length);
    return length;
  }

  // ---- Attributes ----

  /** What statx(2) tells; the caller makes one, and each call fills it anew. */
  public static final class Attributes {
    public long dev;
    public long ino;
    public int mode;
    public int nlink;
    public int uid;
    public int gid;
    public long rdev;
    public long sizeBytes;
    public long blocks512;
    public long atimeNanos;
    public long mtimeNanos;
    public long ctimeNanos;
  }

  /** statx(2); an empty path with AT_EMPTY_PATH is the descriptor itself. */
  public long statx(int dirfd, byte[] path, int flags, Attributes out) {
    data.asSlice(0, STATX_BYTES).fill((byte) 0);
    long result = call(STATX, dirfd, put(name, path), flags, STATX_BASIC_STATS, data.address());
    if (result == 0) {
      out.nlink = data.get(INT, 16);
      out.uid = data.get(INT, 20);
      out.gid = data.get(INT, 24);
      out.mode = Short.toUnsignedInt(data.get(SHORT, 28));
      out.ino = data.get(LONG, 32);
      out.sizeBytes = data.get(LONG, 40);
      out.blocks512 = data.get(LONG, 48);
      out.atimeNanos = nanos(64);
      out.ctimeNanos = nanos(96);
      out.mtimeNanos = nanos(112);
      out.rdev = device(128);
      out.dev = device(136);
    }
    return result;
  }

  private long nanos(long at) {
    return data.get(LONG, at) * 1_000_000_000L + data.get(INT, at + 8);
  }

  /** {@code new_encode_dev}: as the stat family has it. */
  private long device(long at) {
    int major = data.get(INT, at);
    int minor = data.get(INT, at + 4);
    return (minor & 0xffL) | (major & 0xfffL) << 8 | (minor & ~0xffL) << 12;
  }

  /** fchmodat(2), which follows a link; only for what is none. */
  public long fchmodat(int dirfd, byte[] path, int mode) {
    return call(FCHMODAT, dirfd, put(name, path), mode);
  }

  /** fchmod(2). */
  public long fchmod(int fd, int mode) {
    return call(FCHMOD, fd, mode, 0);
  }

  /** fchownat(2). */
  public long fchownat(int dirfd, byte[] path, int uid, int gid, int flags) {
    return call(FCHOWNAT, dirfd, put(name, path), uid, gid, flags);
  }

  /** fchown(2). */
  public long fchown(int fd, int uid, int gid) {
    return call(FCHOWN, fd, uid, gid);
  }

  /**
   * utimensat(2).
   *
   * @param path empty: the descriptor itself, as futimens
   */
  public long utimensat(int dirfd, byte[] path, long atimeNanos, long mtimeNanos, int flags) {
    data.set(LONG, 0, Math.floorDiv(atimeNanos, 1_000_000_000L));
    data.set(LONG, 8, Math.floorMod(atimeNanos, 1_000_000_000L));
    data.set(LONG, 16, Math.floorDiv(mtimeNanos, 1_000_000_000L));
    data.set(LONG, 24, Math.floorMod(mtimeNanos, 1_000_000_000L));
    long at = path.length == 0 ? 0 : put(name, path);
    return call(UTIMENSAT, dirfd, at, data.address(), flags, 0);
  }

  // ---- Contents ----

  /** pread64(2): as many bytes as one call gives, at most 64 KiB. */
  public long pread(int fd, byte[] to, int offset, int count, long at) {
    long result = call(PREAD64, fd, data.address(), Math.min(count, DATA_BYTES), at, 0);
    copyOut(to, offset, result);
    return result;
  }

  private void copyOut(byte[] to, int offset, long count) {
    if (count > 0) {
      MemorySegment.copy(data, ValueLayout.JAVA_BYTE, 0, to, offset, (int) count);
    }
  }

  /** pwrite64(2): as many bytes as one call takes, at most 64 KiB. */
  public long pwrite(int fd, byte[] from, int offset, int count, long at) {
    int bytes = Math.min(count, DATA_BYTES);
    MemorySegment.copy(from, offset, data, ValueLayout.JAVA_BYTE, 0, bytes);
    return call(PWRITE64, fd, data.address(), bytes, at, 0);
  }

  /** pread64(2) straight into RAM: as many bytes as one call gives. */
  long pread(int fd, Ram ram, long physicalAddress, int count, long at) {
    ram.noticeCode(physicalAddress, count);
    return call(PREAD64, fd, ram.hostAddress(physicalAddress, count), count, at, 0);
  }

  /** pwrite64(2) straight from RAM: as many bytes as one call takes. */
  long pwrite(int fd, Ram ram, long physicalAddress, int count, long at) {
    return call(PWRITE64, fd, ram.hostAddress(physicalAddress, count), count, at, 0);
  }

  /** flock(2). */
  public long flock(int fd, int operation) {
    return call(FLOCK, fd, operation, 0);
  }

  /** lseek(2). */
  public long lseek(int fd, long offset, int whence) {
    return call(LSEEK, fd, offset, whence);
  }

  /** ftruncate(2). */
  public long ftruncate(int fd, long bytes) {
    return call(FTRUNCATE, fd, bytes, 0);
  }

  /** fallocate(2). */
  public long fallocate(int fd, int mode, long at, long bytes) {
    return call(FALLOCATE, fd, mode, at, bytes, 0);
  }

  /** fsync(2). */
  public long fsync(int fd) {
    return call(FSYNC, fd, 0, 0);
  }

  /** Receives the entries of a directory. */
  @FunctionalInterface
  public interface Entries {
    /**
     * One entry.
     *
     * @param name its bytes
     * @param ino number of its inode
     * @param type its {@code d_type}; 0 if the file system does not say
     */
    void entry(byte[] name, long ino, int type);
  }

  /** getdents64(2): the entries from the descriptor's position on; 0 at the end. */
  public long getdents(int fd, Entries entries) {
    long bytes = call(GETDENTS64, fd, data.address(), DATA_BYTES);
    long at = 0;
    while (at < bytes) {
      int length = Short.toUnsignedInt(data.get(SHORT, at + 16));
      int end = 19;
      while (data.get(ValueLayout.JAVA_BYTE, at + end) != 0) {
        end++;
      }
      byte[] text = new byte[end - 19];
      MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at + 19, text, 0, text.length);
      entries.entry(text, data.get(LONG, at), data.get(ValueLayout.JAVA_BYTE, at + 18));
      at += length;
    }
    return bytes;
  }

  /**
   * fstatfs(2).
   *
   * @param out type, block size, blocks, free and available blocks, inodes, free inodes
   */
  public long fstatfs(int fd, long[] out) {
    data.asSlice(0, STATFS_BYTES).fill((byte) 0);
    long result = call(FSTATFS, fd, data.address(), 0);
    for (int i = 0; i < out.length; i++) {
      out[i] = data.get(LONG, 8L * i);
    }
    return result;
  }
}
