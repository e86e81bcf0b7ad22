package org.memarium.kernel.vfs;

import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/** A file whose contents are made when they are read; its size is told as 0, as /proc does. */
public final class GeneratedFile extends Inode {

  private final PseudoFileSystem fileSystem;
  private final Supplier<byte[]> contents;
  private final boolean spliceRead;

  /**
   * A file without {@code splice_read}, as those of a process are.
   *
   * @param permissions such as 0444
   * @param contents makes the contents, at each first read
   */
  public GeneratedFile(PseudoFileSystem fileSystem, int permissions, Supplier<byte[]> contents) {
    this(fileSystem, permissions, contents, false);
  }

  private GeneratedFile(
      PseudoFileSystem fileSystem, int permissions, Supplier<byte[]> contents, boolean spliceRead) {
    super(fileSystem.dev, fileSystem.newIno(), FileMode.S_IFREG | permissions);
    this.fileSystem = fileSystem;
    this.contents = contents;
    this.spliceRead = spliceRead;
    born(Credentials.of(0, 0), fileSystem.nowNanos());
  }

  /** A readable file of text with {@code splice_read}; each char is one byte. */
  public static GeneratedFile ofText(PseudoFileSystem fileSystem, Supplier<String> text) {
    return new GeneratedFile(
        fileSystem, 0444, () -> text.get().getBytes(StandardCharsets.ISO_8859_1), true);
  }

  /** Sets whose file it is. */
  public void setOwner(int ownerUid, int ownerGid) {
    uid = ownerUid;
    gid = ownerGid;
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    if ((flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY) {
      // Only root gets here: nothing in these files can be set yet.
      throw new ErrnoException(Errno.EACCES);
    }
    return new Opened(dentry, flags);
  }

  @Override
  void detach() throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  @Override
  void statfs(Kstatfs out) {
    fileSystem.statfs(out);
  }

  /** {@code struct seq_file}: a read at position 0 makes the contents anew. */
  private final class Opened extends OpenFile {
    private byte @Nullable [] bytes;

    Opened(Dentry dentry, int flags) {
      super(dentry, flags);
    }

    @Override
    public long read(byte[] buffer, int offset, int count) {
      long result = pread(buffer, offset, count, position);
      position += result;
      return result;
    }

    @Override
    public long pread(byte[] buffer, int offset, int count, long at) {
      byte[] now = bytes;
      if (now == null || at == 0) {
        now = contents.get();
        bytes = now;
      }
      if (at >= now.length) {
        return 0;
      }
      int copied = (int) Math.min(count, now.length - at);
      System.arraycopy(now, (int) at, buffer, offset, copied);
      return copied;
    }

    @Override
    public boolean hasSpliceRead() {
      return spliceRead;
    }

    @Override
    public long lseek(long offset, int whence) {
      long target =
          switch (whence) {
            case Fcntl.SEEK_SET -> offset;
            case Fcntl.SEEK_CUR -> position + offset;
            default -> -1;
          };
      if (target < 0) {
        return -Errno.EINVAL;
      }
      position = target;
      return target;
    }
  }
}
