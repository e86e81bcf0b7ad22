package org.memarium.mm.file;

/**
 * {@code struct address_space}: the page cache of one file, between its mappings, {@code read} and
 * {@code write} on one side and its {@link BackingStore} on the other.
 */
@SuppressWarnings({"DoNotCallSuggester", "UnusedVariable"})
public final class AddressSpace {
  private final BackingStore store;

  AddressSpace(BackingStore store) {
    this.store = store;
  }

  /** What is behind it. */
  public BackingStore store() {
    return store;
  }

  /** {@code i_size}: the file's size in bytes, as programs see it. */
  public long bytes() {
    throw new UnsupportedOperationException("lands next");
  }

  /**
   * Copies bytes of the file out, through the cache.
   *
   * @return how many, 0 at the end; or -EIO, -ENOMEM
   */
  public long read(long position, byte[] to, int offset, int count) {
    throw new UnsupportedOperationException("lands next");
  }

  /**
   * Copies bytes into the file, through the cache, and makes it longer if need be.
   *
   * @return how many; or -EIO, -ENOMEM if not even the first page was there
   */
  public long write(long position, byte[] from, int offset, int count) {
    throw new UnsupportedOperationException("lands next");
  }

  /**
   * {@code truncate}: sets the size. Mapped pages behind the new end vanish from every address
   * space; a longer file reads as zeroes.
   *
   * @return 0 or -EIO
   */
  public long truncate(long newBytes) {
    throw new UnsupportedOperationException("lands next");
  }

  /**
   * {@code fsync}: writes every dirty page back.
   *
   * @return 0 or -EIO
   */
  public long writeBack() {
    throw new UnsupportedOperationException("lands next");
  }
}
