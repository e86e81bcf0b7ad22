package org.memarium.mm.swap;

import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.memarium.hardware.Ram;

/** {@code crypto_acomp} with {@code deflate}: pages smaller, and back, by the JDK's zlib. */
final class PageCompressor implements AutoCloseable {
  /** A page that does not get smaller gets a little larger. */
  static final int MAX_BYTES = 2 * Ram.PAGE_SIZE;

  private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
  private final Inflater inflater = new Inflater(true);

  /** How many bytes of {@code to} a page takes. */
  int compress(byte[] page, byte[] to) {
    deflater.reset();
    deflater.setInput(page);
    deflater.finish();
    return deflater.deflate(to);
  }

  /**
   * The reverse.
   *
   * @throws IllegalStateException if the bytes are not what {@link #compress} made
   */
  void decompress(byte[] from, int count, byte[] page) {
    inflater.reset();
    inflater.setInput(from, 0, count);
    try {
      if (inflater.inflate(page) == page.length) {
        return;
      }
    } catch (DataFormatException broken) {
      throw new IllegalStateException("a compressed page is broken", broken);
    }
    throw new IllegalStateException("a compressed page is too short");
  }

  @Override
  public void close() {
    deflater.end();
    inflater.end();
  }
}
