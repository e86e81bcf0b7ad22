package org.memarium.kernel.vfs;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * The bytes of a file in the overlay: pages that were written, over what is still visible of the
 * host's file, over zeroes. Nothing is copied before it is written, so the first byte written to a
 * file of gigabytes costs one page.
 *
 * <pre>
 *   size         |----------------------------------------|
 *   pages            [w]        [w][w]              [w]
 *   lowerBytes   |---------------------------|              zeroes from here
 * </pre>
 */
final class OverlayData {

  static final int PAGE_SHIFT = 12;
  static final int PAGE_BYTES = 1 << PAGE_SHIFT;

  /** A page that counts against the budget while its bytes are still in the page cache only. */
  private static final byte[] RESERVED = new byte[0];

  private final HostView view;
  private final TreeMap<Long, byte[]> pages = new TreeMap<>();
  private long sizeBytes;
  private long lowerBytes;

  /**
   * The bytes of a file.
   *
   * @param lowerBytes how much of the host's file is visible; 0 if there is none
   */
  OverlayData(HostView view, long lowerBytes) {
    this.view = view;
    this.sizeBytes = lowerBytes;
    this.lowerBytes = lowerBytes;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /** Space in units of 512 bytes; what the host's file takes is assumed to be without holes. */
  long blocks512() {
    long lowerPages = (lowerBytes + PAGE_BYTES - 1) >> PAGE_SHIFT;
    return (lowerPages + pages.tailMap(lowerPages).size()) * (PAGE_BYTES / 512);
  }

  /** Takes room in the budget for a range; false if there is not enough. */
  boolean reserve(long at, long count) {
    if (count == 0) {
      return true;
    }
    for (long index = at >> PAGE_SHIFT; index <= (at + count - 1) >> PAGE_SHIFT; index++) {
      if (!pages.containsKey(index)) {
        if (!view.takeOverlayPage()) {
          return false;
        }
        pages.put(index, RESERVED);
      }
    }
    return true;
  }

  /** Reads bytes that lie inside the size; the channel is that of the host's file. */
  void read(@Nullable FileChannel lower, long at, byte[] to, int offset, int count)
      throws IOException {
    int done = 0;
    while (done < count) {
      long from = at + done;
      int inPage = (int) (from & PAGE_BYTES - 1);
      int length = Math.min(PAGE_BYTES - inPage, count - done);
      byte[] page = pages.get(from >> PAGE_SHIFT);
      if (page != null && page.length > 0) {
        System.arraycopy(page, inPage, to, offset + done, length);
      } else {
        // Runs of pages of the host are read in one go.
        while (length < count - done && isLower((from + length) >> PAGE_SHIFT)) {
          length = Math.min(length + PAGE_BYTES, count - done);
        }
        readLower(lower, from, to, offset + done, length);
      }
      done += length;
    }
  }

  private boolean isLower(long index) {
    byte[] page = pages.get(index);
    return page == null || page.length == 0;
  }

  private void readLower(@Nullable FileChannel lower, long at, byte[] to, int offset, int count)
      throws IOException {
    int visible = (int) Math.max(0, Math.min(count, lowerBytes - at));
    if (visible > 0) {
      if (lower == null) {
        throw new IllegalStateException("bytes of the host are visible, and its file is not open");
      }
      ByteBuffer buffer = ByteBuffer.wrap(to, offset, visible);
      while (buffer.hasRemaining()) {
        if (lower.read(buffer, at + buffer.position() - offset) < 0) {
          // The host's file became shorter behind our back: zeroes, as a mapping would see.
          visible = buffer.position() - offset;
          break;
        }
      }
    }
    Arrays.fill(to, offset + visible, offset + count, (byte) 0);
  }

  /** Writes bytes and makes the file longer if need be. */
  void write(@Nullable FileChannel lower, long at, byte[] from, int offset, int count)
      throws IOException {
    if (!reserve(at, count)) {
      throw new FileSystemException(null, null, "No space left on device");
    }
    int done = 0;
    while (done < count) {
      long to = at + done;
      int inPage = (int) (to & PAGE_BYTES - 1);
      int length = Math.min(PAGE_BYTES - inPage, count - done);
      long index = to >> PAGE_SHIFT;
      byte[] page = pages.get(index);
      if (page == null) {
        throw new EOFException("a reserved page is gone: " + index);
      }
      if (page.length == 0) {
        page = new byte[PAGE_BYTES];
        if (length < PAGE_BYTES) {
          readLower(lower, index << PAGE_SHIFT, page, 0, PAGE_BYTES);
        }
        pages.put(index, page);
      }
      System.arraycopy(from, offset + done, page, inPage, length);
      done += length;
    }
    sizeBytes = Math.max(sizeBytes, at + count);
  }

  /** Sets the size; what lies behind it is forgotten and reads as zeroes if it comes back. */
  void setSize(long bytes) {
    if (bytes < sizeBytes) {
      long firstGone = (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT;
      Map<Long, byte[]> gone = pages.tailMap(firstGone);
      view.giveOverlayPages(gone.size());
      gone.clear();
      byte[] last = pages.get(bytes >> PAGE_SHIFT);
      if (last != null && last.length > 0) {
        Arrays.fill(last, (int) (bytes & PAGE_BYTES - 1), PAGE_BYTES, (byte) 0);
      }
      lowerBytes = Math.min(lowerBytes, bytes);
    }
    sizeBytes = bytes;
  }

  /** The next byte of data, or of a hole (the end is one), from a position inside the size. */
  long seek(long from, boolean data) {
    long at = from;
    while (at < sizeBytes) {
      boolean isData = at < lowerBytes || pages.containsKey(at >> PAGE_SHIFT);
      if (isData == data) {
        return at;
      }
      if (at < lowerBytes) {
        at = lowerBytes - 1;
      }
      at = ((at >> PAGE_SHIFT) + 1) << PAGE_SHIFT;
      if (data) {
        Long next = pages.ceilingKey(at >> PAGE_SHIFT);
        at = next == null ? sizeBytes : next << PAGE_SHIFT;
      }
    }
    return data ? -Errno.ENXIO : sizeBytes;
  }

  /** Forgets everything and gives its room back. */
  void free() {
    setSize(0);
  }
}
