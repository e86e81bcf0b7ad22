package org.memarium.kernel.vfs;

import java.util.Arrays;
import org.memarium.mm.Errno;

/** The devices of {@code drivers/char/mem.c} and {@code random.c}: null, zero, full, random. */
final class CharacterDevice extends DeviceNode {

  /** What a device does. */
  enum Kind {
    /** Reads as empty, swallows writes. */
    NULL(1, 3),
    /** Reads as zeroes, swallows writes. */
    ZERO(1, 5),
    /** Reads as zeroes, has no room for writes. */
    FULL(1, 7),
    /** Reads as random bytes from the machine's seed. */
    RANDOM(1, 8),
    /** The same. */
    URANDOM(1, 9);

    private final int major;
    private final int minor;

    Kind(int major, int minor) {
      this.major = major;
      this.minor = minor;
    }
  }

  private final Kind kind;
  private final RandomSource random;

  CharacterDevice(PseudoFileSystem fileSystem, Kind kind, RandomSource random) {
    super(fileSystem, 0666, kind.major, kind.minor);
    this.kind = kind;
    this.random = random;
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    return new Opened(dentry, flags);
  }

  private final class Opened extends OpenFile {

    Opened(Dentry dentry, int flags) {
      super(dentry, flags);
    }

    @Override
    public boolean hasPositions() {
      return true;
    }

    @Override
    public long read(byte[] buffer, int offset, int count) {
      switch (kind) {
        case NULL -> {
          return 0;
        }
        case ZERO, FULL -> Arrays.fill(buffer, offset, offset + count, (byte) 0);
        case RANDOM, URANDOM -> random.fill(buffer, offset, count);
      }
      return count;
    }

    @Override
    public boolean ignoresBytes() {
      return kind == Kind.NULL || kind == Kind.ZERO || kind == Kind.FULL;
    }

    @Override
    public long write(byte[] buffer, int offset, int count) {
      return kind == Kind.FULL ? -Errno.ENOSPC : count;
    }

    @Override
    public long pread(byte[] buffer, int offset, int count, long at) {
      return read(buffer, offset, count);
    }

    @Override
    public long pwrite(byte[] buffer, int offset, int count, long at) {
      return write(buffer, offset, count);
    }

    @Override
    public long lseek(long offset, int whence) {
      // null_lseek: the position is always 0.
      return 0;
    }

    @Override
    public boolean hasSpliceRead() {
      return true;
    }

    @Override
    public MmapKind mmapKind() {
      return kind == Kind.ZERO ? MmapKind.ZERO : MmapKind.NONE;
    }
  }
}
