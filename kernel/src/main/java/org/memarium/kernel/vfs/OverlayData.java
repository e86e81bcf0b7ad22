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
 *   pages            [w]        [w][w]   [hole]     [w]
 *   lowerBytes   |---------------------------|              zeroes from here
 * </pre>
 */
final class OverlayData {

  static final int PAGE_SHIFT = 12;
  static final int PAGE_BYTES = 1 << PAGE_SHIFT;

  /** A page that counts against the budget while its bytes are still in the page cache only. */
  private static final byte[] RESERVED = new byte[0];

  /** A hole that was punched where the host's file has bytes; takes no room. */
  private static final byte[] HOLE = new byte[0];

  private final HostView view;
  private final TreeMap<Long, byte[]> pages = new TreeMap<>();
  private long sizeBytes;
  private long lowerBytes;
  private long holes;

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
    return (lowerPages + pages.tailMap(lowerPages).size() - holes) * (PAGE_BYTES / 512);
  }

  @SuppressWarnings("ReferenceEquality") // one object stands for all holes
  private static boolean isHole(byte @Nullable [] page) {
    return page == HOLE;
  }

  /** Takes room in the budget for a range; false if there is not enough. */
  boolean reserve(long at, long count) {
    if (count == 0) {
      return true;
    }
    for (long index = at >> PAGE_SHIFT; index <= (at + count - 1) >> PAGE_SHIFT; index++) {
      byte[] page = pages.get(index);
      if (page == null || isHole(page)) {
        if (!view.takeOverlayPage()) {
          return false;
        }
        // What is under a hole does not come back.
        pages.put(index, page == null ? RESERVED : new byte[PAGE_BYTES]);
        holes -= page == null ? 0 : 1;
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
      } else if (isHole(page)) {
        Arrays.fill(to, offset + done, offset + done + length, (byte) 0);
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
    return page == null || (page.length == 0 && !isHole(page));
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

  /** Gives the room of pages back. */
  private void forget(Map<Long, byte[]> gone) {
    long inHoles = gone.values().stream().filter(OverlayData::isHole).count();
    holes -= inHoles;
    view.giveOverlayPages(gone.size() - inHoles);
    gone.clear();
  }

  /** Makes a hole: bytes that read as zeroes, and whole pages that take no room. */
  void punch(@Nullable FileChannel lower, long at, long count) throws IOException {
    long end = Math.min(at + count, Math.max(sizeBytes, (lastPage() + 1) << PAGE_SHIFT));
    long first = (at + PAGE_BYTES - 1) >> PAGE_SHIFT;
    long last = end >> PAGE_SHIFT;
    if (first > last) {
      zero(lower, at, end);
      return;
    }
    zero(lower, at, first << PAGE_SHIFT);
    zero(lower, last << PAGE_SHIFT, end);
    forget(pages.subMap(first, last));
    long lowerPages = (lowerBytes + PAGE_BYTES - 1) >> PAGE_SHIFT;
    for (long index = first; index < Math.min(last, lowerPages); index++) {
      pages.put(index, HOLE);
      holes++;
    }
  }

  /** Zeroes a part of one page, if there is anything in it. */
  private void zero(@Nullable FileChannel lower, long from, long end) throws IOException {
    long index = from >> PAGE_SHIFT;
    byte[] page = pages.get(index);
    boolean nothing = isHole(page) || (page == null && index << PAGE_SHIFT >= lowerBytes);
    int count = (int) (Math.min(end, sizeBytes) - from);
    if (count > 0 && !nothing) {
      write(lower, from, new byte[count], 0, count);
    }
  }

  private long lastPage() {
    return pages.isEmpty() ? -1 : pages.lastKey();
  }

  /**
   * Sets the size; what lies behind it is forgotten and reads as zeroes if it comes back.
   *
   * @param shorter whether the file was longer, which the page cache may know better
   */
  void setSize(long bytes, boolean shorter) {
    if (shorter || bytes < sizeBytes) {
      long firstGone = (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT;
      forget(pages.tailMap(firstGone));
      byte[] last = pages.get(bytes >> PAGE_SHIFT);
      if (last != null && last.length > 0) {
        Arrays.fill(last, (int) (bytes & PAGE_BYTES - 1), PAGE_BYTES, (byte) 0);
      }
      lowerBytes = Math.min(lowerBytes, bytes);
    }
    sizeBytes = bytes;
  }

  /**
   * The next byte of data, or of a hole (the end is one), from a position inside the size.
   *
   * @param size of the file, which the page cache may know better; its dirty pages are written back
   */
  long seek(long from, boolean data, long size) {
    long at = from;
    while (at < size) {
      byte[] page = pages.get(at >> PAGE_SHIFT);
      // Room that was taken and not written to is a hole still.
      boolean written = page != null && page.length > 0;
      boolean isData = written || (at < lowerBytes && !isHole(page));
      if (isData == data) {
        return at;
      }
      at = ((at >> PAGE_SHIFT) + 1) << PAGE_SHIFT;
      if (data && at >= lowerBytes) {
        Long next = pages.ceilingKey(at >> PAGE_SHIFT);
        at = next == null ? size : next << PAGE_SHIFT;
      }
    }
    return data ? -Errno.ENXIO : size;
  }

  /** Forgets everything and gives its room back. */
  void free() {
    setSize(0, true);
  }
}
