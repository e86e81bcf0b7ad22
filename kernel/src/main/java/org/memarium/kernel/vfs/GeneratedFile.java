package org.memarium.kernel.vfs;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * A file whose contents are made when they are read; its size is told as 0, as /proc does. Some can
 * be written, which changes what they tell of.
 */
public final class GeneratedFile extends PseudoFile {

  /** Makes the contents. */
  @FunctionalInterface
  public interface Contents {

    /**
     * What the file holds now.
     *
     * @throws ErrnoException what read(2) answers instead
     */
    byte[] make() throws ErrnoException;
  }

  /** What a write does. */
  @FunctionalInterface
  public interface Writer {

    /**
     * Takes what one write(2) at the beginning of the file brought.
     *
     * @return how many bytes were taken, or a negative errno
     */
    long write(byte[] bytes);
  }

  private final Contents contents;
  private final @Nullable Writer writer;
  private final boolean spliceRead;

  /** Whether it is under /proc/sys. */
  private final boolean isSetting;

  private int mostWrittenBytes = Integer.MAX_VALUE;

  /**
   * A file without {@code splice_read}, as those of a process are.
   *
   * @param permissions such as 0444
   * @param contents makes the contents, at each first read
   */
  public GeneratedFile(PseudoFileSystem fileSystem, int permissions, Contents contents) {
    this(fileSystem, permissions, contents, null, false, false);
  }

  private GeneratedFile(
      PseudoFileSystem fileSystem,
      int permissions,
      Contents contents,
      @Nullable Writer writer,
      boolean spliceRead,
      boolean isSetting) {
    super(fileSystem, FileMode.S_IFREG | permissions);
    this.contents = contents;
    this.writer = writer;
    this.spliceRead = spliceRead;
    this.isSetting = isSetting;
  }

  /** A readable file of text with {@code splice_read}; each char is one byte. */
  public static GeneratedFile ofText(PseudoFileSystem fileSystem, Supplier<String> text) {
    return ofText(fileSystem, 0444, text);
  }

  /** A file of text with {@code splice_read} and such permissions; each char is one byte. */
  public static GeneratedFile ofText(
      PseudoFileSystem fileSystem, int permissions, Supplier<String> text) {
    return new GeneratedFile(fileSystem, permissions, () -> bytes(text.get()), null, true, false);
  }

  /**
   * A file under /proc/sys: text that tells a setting, and a writer that sets it. Its permissions
   * hold for root too (Linux {@code sysctl_perm}).
   */
  public static GeneratedFile ofSetting(
      PseudoFileSystem fileSystem, int permissions, Supplier<String> text, Writer writer) {
    return new GeneratedFile(fileSystem, permissions, () -> bytes(text.get()), writer, true, true);
  }

  /** A file without {@code splice_read} that takes each write(2) at whatever position. */
  public static GeneratedFile ofWritable(
      PseudoFileSystem fileSystem, int permissions, Contents contents, Writer writer) {
    return new GeneratedFile(fileSystem, permissions, contents, writer, false, false);
  }

  /** Says how many bytes one write looks at and takes at most. */
  public void setMostWrittenBytes(int bytes) {
    mostWrittenBytes = bytes;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    int access = flags & Fcntl.O_ACCMODE;
    if (writer == null) {
      // Only root gets here: nothing in these files can be set. Those of a process can be opened.
      if (access != Fcntl.O_RDONLY && spliceRead) {
        throw new ErrnoException(Errno.EACCES);
      }
    } else if (isSetting
        && ((access != Fcntl.O_WRONLY && (mode & 0444) == 0)
            || (access != Fcntl.O_RDONLY && (mode & 0222) == 0))) {
      throw new ErrnoException(Errno.EACCES);
    }
    checkGuard();
    return new Opened(dentry, flags);
  }

  /** {@code struct seq_file}: a read at position 0 makes the contents anew. */
  private final class Opened extends PseudoOpenFile {
    private byte @Nullable [] bytes;

    Opened(Dentry dentry, int flags) {
      super(dentry, flags);
    }

    @Override
    public long pread(byte[] buffer, int offset, int count, long at) {
      byte[] now = bytes;
      if (now == null || at == 0) {
        try {
          now = contents.make();
        } catch (ErrnoException e) {
          return e.result();
        }
        bytes = now;
      }
      if (at >= now.length) {
        return 0;
      }
      int copied = (int) Math.min(count, now.length - at);
      System.arraycopy(now, (int) at, buffer, offset, copied);
      return copied;
    }

    /**
     * What is written behind the beginning of a setting is ignored ({@code
     * kernel.sysctl_writes_strict}).
     */
    @Override
    public long pwrite(byte[] buffer, int offset, int count, long at) {
      if (writer == null) {
        return -Errno.EINVAL;
      }
      return isSetting && (at != 0 || count == 0)
          ? count
          : writer.write(Arrays.copyOfRange(buffer, offset, offset + count));
    }

    @Override
    public int mostWrittenBytes() {
      return mostWrittenBytes;
    }

    @Override
    public boolean hasWrite() {
      return writer != null;
    }

    @Override
    public boolean hasSpliceRead() {
      return spliceRead;
    }
  }
}
