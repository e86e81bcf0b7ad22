package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * A file of /proc that is an array of 64-bit words, little-endian, made as they are read: {@code
 * pagemap}, {@code kpagecount}, {@code kpageflags}. Position and count must be multiples of 8.
 */
public final class RecordFile extends PseudoFile {

  /** What the file consists of. */
  public interface Words {

    /** How many words there are now. */
    long count();

    /**
     * A word.
     *
     * @param index 0 to {@code count() - 1}
     * @param privileged whether root opened the file
     */
    long word(long index, boolean privileged);
  }

  private final Words words;

  /**
   * A file that belongs to root.
   *
   * @param permissions such as 0400
   */
  public RecordFile(PseudoFileSystem fileSystem, int permissions, Words words) {
    super(fileSystem, FileMode.S_IFREG | permissions);
    this.words = words;
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    checkGuard();
    return new Opened(dentry, flags, credentials.isRoot());
  }

  private final class Opened extends PseudoOpenFile {
    private final boolean privileged;

    Opened(Dentry dentry, int flags, boolean privileged) {
      super(dentry, flags);
      this.privileged = privileged;
    }

    @Override
    public boolean hasWrite() {
      return false;
    }

    @Override
    public long pread(byte[] buffer, int offset, int count, long at) {
      if (words.count() == 0) {
        return 0;
      }
      if (at % Long.BYTES != 0 || count % Long.BYTES != 0) {
        return -Errno.EINVAL;
      }
      long first = at / Long.BYTES;
      int read = Math.clamp(words.count() - first, 0, count / Long.BYTES);
      for (int i = 0; i < read; i++) {
        long word = words.word(first + i, privileged);
        for (int b = 0; b < Long.BYTES; b++) {
          buffer[offset + i * Long.BYTES + b] = (byte) (word >>> (8 * b));
        }
      }
      return (long) read * Long.BYTES;
    }
  }
}
