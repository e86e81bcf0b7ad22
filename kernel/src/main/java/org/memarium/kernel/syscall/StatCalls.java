package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.DeviceNumber;
import org.memarium.kernel.vfs.DirectoryEmitter;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.Kstat;
import org.memarium.kernel.vfs.Kstatfs;
import org.memarium.mm.Errno;

/**
 * The calls that tell of files: {@code stat} in its three shapes, {@code statfs} in its two,
 * directories in their two. The shapes are those of {@code arch/x86/include/uapi/asm/stat.h},
 * {@code arch/x86/include/uapi/asm/statfs.h}, {@code fs/readdir.c} and {@code
 * include/uapi/linux/stat.h}.
 */
final class StatCalls {
  private static final int CWD = Fcntl.AT_FDCWD;
  private static final int NOFOLLOW = Fcntl.AT_SYMLINK_NOFOLLOW;
  private static final int STATFS64_BYTES = 84;
  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int STATX_RESERVED = 0x8000_0000;
  private static final int STATX_BYTES = 256;
  private static final int MAX_DIRECTORY_BYTES = 64 * 1024;
  private static final long NANOS = 1_000_000_000L;

  private final Kernel kernel;

  StatCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  private FileCalls files() {
    return kernel.files();
  }

  void enter(SystemCallTable table) {
    table.set("oldstat", (int path, int to) -> stat(CWD, path, 0, to, this::oldestShape));
    table.set("oldlstat", (int path, int to) -> stat(CWD, path, NOFOLLOW, to, this::oldestShape));
    table.set("oldfstat", (int fd, int to) -> fstat(fd, to, this::oldestShape));
    table.set("readdir", this::readdir);
    table.set("stat", (int path, int to) -> stat(CWD, path, 0, to, this::oldShape));
    table.set("lstat", (int path, int to) -> stat(CWD, path, NOFOLLOW, to, this::oldShape));
    table.set("fstat", (int fd, int to) -> fstat(fd, to, this::oldShape));
    table.set("stat64", (int path, int to) -> stat(CWD, path, 0, to, this::shape64));
    table.set("lstat64", (int path, int to) -> stat(CWD, path, NOFOLLOW, to, this::shape64));
    table.set("fstat64", (int fd, int to) -> fstat(fd, to, this::shape64));
    table.set("fstatat64", this::fstatat64);
    table.set("statx", this::statx);
    table.set("statfs", (int path, int to) -> statfs(path(path), to));
    table.set("fstatfs", this::fstatfs);
    table.set("statfs64", this::statfs64);
    table.set("fstatfs64", this::fstatfs64);
    table.set("getdents", (int fd, int to, int bytes) -> getdents(fd, to, bytes, false));
    table.set("getdents64", (int fd, int to, int bytes) -> getdents(fd, to, bytes, true));
  }

  private String path(int address) {
    return kernel.path(address);
  }

  /** Lays a stat out; null: a number does not fit, EOVERFLOW. */
  @FunctionalInterface
  private interface Shape {
    byte @Nullable [] of(Kstat stat);
  }

  private long stat(int dirfd, int path, int flags, int to, Shape shape) {
    Kstat stat = new Kstat();
    long result = files().fstatat(dirfd, path(path), flags, stat);
    return result < 0 ? result : copyOut(stat, to, shape);
  }

  private long fstat(int fd, int to, Shape shape) {
    Kstat stat = new Kstat();
    long result = files().fstat(fd, stat);
    return result < 0 ? result : copyOut(stat, to, shape);
  }

  private long copyOut(Kstat stat, int to, Shape shape) {
    byte[] bytes = shape.of(stat);
    if (bytes == null) {
      return -Errno.EOVERFLOW;
    }
    kernel.memory().write(Integer.toUnsignedLong(to), bytes);
    return 0;
  }

  private long fstatat64(int dirfd, int path, int to, int flags) {
    int known = Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_NO_AUTOMOUNT | Fcntl.AT_EMPTY_PATH;
    if ((flags & ~(known | Fcntl.AT_STATX_SYNC_TYPE)) != 0) {
      return -Errno.EINVAL;
    }
    return stat(dirfd, path, flags, to, this::shape64);
  }

  /**
   * <pre>
   *   0     4     8      10      12    14    16     20     24        28       32 .. 56
   *  +-----+-----+------+-------+-----+-----+------+------+---------+--------+----------------+
   *  | dev | ino | mode | nlink | uid | gid | rdev | size | blksize | blocks | three times    |
   *  +-----+-----+------+-------+-----+-----+------+------+---------+--------+----------------+
   * </pre>
   */
  private byte @Nullable [] oldShape(Kstat stat) {
    if (stat.sizeBytes > Integer.MAX_VALUE
        || stat.ino != (stat.ino & 0xffff_ffffL)
        || stat.nlink > 0xffff) {
      return null;
    }
    ByteBuffer out = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt((int) stat.dev).putInt((int) stat.ino);
    out.putShort((short) stat.mode).putShort((short) stat.nlink);
    out.putShort(narrow(stat.uid)).putShort(narrow(stat.gid));
    out.putInt((int) stat.rdev).putInt((int) stat.sizeBytes);
    out.putInt(stat.blockSizeBytes).putInt((int) stat.blocks512);
    putTimes(out, stat);
    return out.array();
  }

  /**
   * {@code struct __old_kernel_stat}.
   *
   * <pre>
   *   0     2     4      6       8     10    12     14  16     20        32
   *  +-----+-----+------+-------+-----+-----+------+---+------+---------+
   *  | dev | ino | mode | nlink | uid | gid | rdev | 0 | size | 3 times |
   *  +-----+-----+------+-------+-----+-----+------+---+------+---------+
   * </pre>
   */
  private byte @Nullable [] oldestShape(Kstat stat) {
    if (stat.sizeBytes > Integer.MAX_VALUE || stat.ino >>> 16 != 0 || stat.nlink > 0xffff) {
      return null;
    }
    ByteBuffer out = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    out.putShort((short) stat.dev).putShort((short) stat.ino);
    out.putShort((short) stat.mode).putShort((short) stat.nlink);
    out.putShort(narrow(stat.uid)).putShort(narrow(stat.gid));
    out.putShort((short) stat.rdev).putShort((short) 0).putInt((int) stat.sizeBytes);
    for (long nanos : new long[] {stat.atimeNanos, stat.mtimeNanos, stat.ctimeNanos}) {
      out.putInt((int) Math.floorDiv(nanos, NANOS));
    }
    return out.array();
  }

  /** {@code high2lowuid}: what does not fit in 16 bits is 65534. */
  static short narrow(int id) {
    return (short) (id < 0 || id > 0xffff ? 65534 : id);
  }

  /**
   * <pre>
   *   0     8     12      16     20      24    28    32     40    44     52        56       64 .. 88
   *  +-----+-----+-------+------+-------+-----+-----+------+-----+------+---------+--------+-------+
   *  | dev |  0  | ino32 | mode | nlink | uid | gid | rdev |  0  | size | blksize | blocks | times |
   *  +-----+-----+-------+------+-------+-----+-----+------+-----+------+---------+--------+-------+
   *   88: ino, 64 bits                                                                 96 in all
   * </pre>
   */
  private byte[] shape64(Kstat stat) {
    ByteBuffer out = ByteBuffer.allocate(96).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(stat.dev).putInt(0).putInt((int) stat.ino);
    out.putInt(stat.mode).putInt(stat.nlink).putInt(stat.uid).putInt(stat.gid);
    out.putLong(stat.rdev).putInt(0).putLong(stat.sizeBytes);
    out.putInt(stat.blockSizeBytes).putLong(stat.blocks512);
    putTimes(out, stat);
    out.putLong(stat.ino);
    return out.array();
  }

  private static void putTimes(ByteBuffer out, Kstat stat) {
    for (long nanos : new long[] {stat.atimeNanos, stat.mtimeNanos, stat.ctimeNanos}) {
      out.putInt((int) Math.floorDiv(nanos, NANOS)).putInt((int) Math.floorMod(nanos, NANOS));
    }
  }

  private long statx(int dirfd, int path, int flags, int mask, int to) {
    if ((mask & STATX_RESERVED) != 0
        || (flags & Fcntl.AT_STATX_SYNC_TYPE) == Fcntl.AT_STATX_SYNC_TYPE) {
      return -Errno.EINVAL;
    }
    int known = Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_NO_AUTOMOUNT | Fcntl.AT_EMPTY_PATH;
    if ((flags & ~(known | Fcntl.AT_STATX_SYNC_TYPE)) != 0) {
      return -Errno.EINVAL;
    }
    // Since Linux 6.11 a null path is an empty one.
    String name = path == 0 && (flags & Fcntl.AT_EMPTY_PATH) != 0 ? "" : path(path);
    Kstat stat = new Kstat();
    long result = files().fstatat(dirfd, name, flags, stat);
    return result < 0 ? result : copyOut(stat, to, StatCalls::shapeStatx);
  }

  /**
   * <pre>
   *   0      4         8            16      20    24    28     32    40     48       56        64
   *  +------+---------+------------+-------+-----+-----+------+-----+------+--------+---------+--
   *  | mask | blksize | attributes | nlink | uid | gid | mode | ino | size | blocks | attrmask|
   *  +------+---------+------------+-------+-----+-----+------+-----+------+--------+---------+--
   *   64 access, 80 birth, 96 change, 112 modification; 128 rdev, 136 dev: major and minor
   * </pre>
   */
  private static byte[] shapeStatx(Kstat stat) {
    ByteBuffer out = ByteBuffer.allocate(STATX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(STATX_BASIC_STATS).putInt(stat.blockSizeBytes).putLong(0);
    out.putInt(stat.nlink).putInt(stat.uid).putInt(stat.gid).putInt(stat.mode & 0xffff);
    out.putLong(stat.ino).putLong(stat.sizeBytes).putLong(stat.blocks512).putLong(0);
    putTime(out, 64, stat.atimeNanos);
    putTime(out, 96, stat.ctimeNanos);
    putTime(out, 112, stat.mtimeNanos);
    out.putInt(128, DeviceNumber.major(stat.rdev)).putInt(132, DeviceNumber.minor(stat.rdev));
    out.putInt(136, DeviceNumber.major(stat.dev)).putInt(140, DeviceNumber.minor(stat.dev));
    return out.array();
  }

  private static void putTime(ByteBuffer out, int at, long nanos) {
    out.putLong(at, Math.floorDiv(nanos, NANOS)).putInt(at + 8, (int) Math.floorMod(nanos, NANOS));
  }

  private long statfs(String path, int to) {
    Kstatfs stat = new Kstatfs();
    long result = files().statfs(path, stat);
    return result < 0 ? result : copyOut32(stat, to);
  }

  private long fstatfs(int fd, int to) {
    Kstatfs stat = new Kstatfs();
    long result = files().fstatfs(fd, stat);
    return result < 0 ? result : copyOut32(stat, to);
  }

  private long statfs64(int path, int bytes, int to) {
    if (bytes != STATFS64_BYTES) {
      return -Errno.EINVAL;
    }
    Kstatfs stat = new Kstatfs();
    long result = files().statfs(path(path), stat);
    return result < 0 ? result : copyOut64(stat, to);
  }

  private long fstatfs64(int fd, int bytes, int to) {
    if (bytes != STATFS64_BYTES) {
      return -Errno.EINVAL;
    }
    Kstatfs stat = new Kstatfs();
    long result = files().fstatfs(fd, stat);
    return result < 0 ? result : copyOut64(stat, to);
  }

  /** {@code struct statfs}: 16 words. */
  private long copyOut32(Kstatfs stat, int to) {
    ByteBuffer out = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt((int) stat.type).putInt((int) stat.blockSizeBytes);
    for (long number :
        new long[] {
          stat.blocks, stat.blocksFree, stat.blocksAvailable, stat.files, stat.filesFree
        }) {
      if (number != -1 && number >>> 32 != 0) {
        return -Errno.EOVERFLOW;
      }
      out.putInt((int) number);
    }
    // f_fsid has two words
    out.putLong(0).putInt(stat.nameBytes).putInt((int) stat.blockSizeBytes);
    kernel.memory().write(Integer.toUnsignedLong(to), out.array());
    return 0;
  }

  /** {@code struct statfs64}, packed: 84 bytes. */
  private long copyOut64(Kstatfs stat, int to) {
    ByteBuffer out = ByteBuffer.allocate(STATFS64_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt((int) stat.type).putInt((int) stat.blockSizeBytes);
    out.putLong(stat.blocks).putLong(stat.blocksFree).putLong(stat.blocksAvailable);
    out.putLong(stat.files).putLong(stat.filesFree);
    out.putLong(0).putInt(stat.nameBytes).putInt((int) stat.blockSizeBytes);
    kernel.memory().write(Integer.toUnsignedLong(to), out.array());
    return 0;
  }

  /** Fills a buffer with entries; the first that does not fit is EINVAL, the others wait. */
  private long getdents(int fd, int to, int bytes, boolean wide) {
    int room = (int) Math.min(Integer.toUnsignedLong(bytes), MAX_DIRECTORY_BYTES);
    ByteBuffer out = ByteBuffer.allocate(room).order(ByteOrder.LITTLE_ENDIAN);
    boolean[] full = new boolean[1];
    DirectoryEmitter emitter =
        (name, ino, type, next) -> {
          full[0] =
              !(wide ? entry64(out, name, ino, type, next) : entry(out, name, ino, type, next));
          return !full[0];
        };
    long result = files().getdents(fd, emitter);
    if (result < 0) {
      return result;
    }
    if (out.position() == 0 && full[0]) {
      return -Errno.EINVAL;
    }
    int length = out.position();
    int copied = kernel.memory().copyToUser(Integer.toUnsignedLong(to), out.array(), 0, length);
    return copied < length ? -Errno.EFAULT : length;
  }

  /** {@code old_readdir}: one entry, whatever the third argument says; 1, or 0 at the end. */
  private long readdir(int fd, int to) {
    byte[][] one = new byte[1][];
    DirectoryEmitter emitter =
        (name, ino, type, next) -> {
          if (one[0] != null) {
            return false;
          }
          byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
          ByteBuffer out = ByteBuffer.allocate(11 + text.length).order(ByteOrder.LITTLE_ENDIAN);
          out.putInt((int) ino).putInt((int) next).putShort((short) text.length).put(text);
          one[0] = out.array();
          return true;
        };
    long result = files().getdents(fd, emitter);
    if (result < 0 || one[0] == null) {
      return result;
    }
    kernel.memory().write(Integer.toUnsignedLong(to), one[0]);
    return 1;
  }

  /** {@code struct linux_dirent64}: ino, off, reclen, type, name, padded to 8 bytes. */
  private static boolean entry64(ByteBuffer out, String name, long ino, int type, long next) {
    byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
    int length = (19 + text.length + 1 + 7) & ~7;
    if (out.remaining() < length) {
      return false;
    }
    int start = out.position();
    out.putLong(ino).putLong(next).putShort((short) length).put((byte) type).put(text);
    while (out.position() < start + length) {
      out.put((byte) 0);
    }
    return true;
  }

  /** {@code struct linux_dirent}: ino, off, reclen, name, padding, type in the last byte. */
  private static boolean entry(ByteBuffer out, String name, long ino, int type, long next) {
    byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
    int length = (10 + text.length + 2 + 3) & ~3;
    if (out.remaining() < length) {
      return false;
    }
    int start = out.position();
    out.putInt((int) ino).putInt((int) next).putShort((short) length).put(text);
    while (out.position() < start + length - 1) {
      out.put((byte) 0);
    }
    out.put((byte) type);
    return true;
  }
}
