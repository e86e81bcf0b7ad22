package org.memarium.kernel.vfs;

import java.util.Arrays;
import java.util.function.IntConsumer;
import org.memarium.hardware.Ram;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code struct pipe_inode_info}: the bytes on their way through a pipe, in pages of the machine's
 * RAM; Linux {@code fs/pipe.c}.
 *
 * <p>They lie in a ring of buffers, each a part of one page. A write goes on in the last buffer's
 * page if all that does not fill whole pages fits there; otherwise it begins a new one. So a pipe
 * of 16 buffers can be full with 16 bytes in it, as on Linux.
 *
 * <pre>
 *   tail                    head
 *    |                       |
 *    v                       v
 *   [page, offset, length] [..] [..] [free] [free] ...      slot = index % slots
 * </pre>
 */
final class Pipe {
  /** {@code PIPE_DEF_BUFFERS}: what a new pipe has. */
  static final int DEFAULT_BUFFERS = 16;

  /** {@code PIPE_BUF}: a write of at most this is never split. */
  static final int ATOMIC_BYTES = 4096;

  /** What fits into a new pipe if every page is filled. */
  static final int DEFAULT_BYTES = DEFAULT_BUFFERS * Ram.PAGE_SIZE;

  /** {@code pipe_max_size}: what who is not root may ask for. */
  private static final int MAX_BYTES = 1 << 20;

  /** {@code PIPE_BUF_FLAG_CAN_MERGE}: a later write may go on in the page. */
  private static final byte CAN_MERGE = 0x10;

  /** {@code PIPE_BUF_FLAG_PACKET}: one read takes at most this buffer. */
  private static final byte PACKET = 0x08;

  /** {@code sizeof} on 32 bits. */
  private static final int BUFFER_BYTES = 24;

  private static final int INFO_BYTES = 116;

  /** {@code tmp_page}: so many emptied pages are kept for the next writes. */
  private static final int SPARE_PAGES = 2;

  private final VfsCaches caches;
  private final BufferPages memory;

  // ---- bufs: pages are the ring's own references ----
  private int[] pages = new int[DEFAULT_BUFFERS];
  private int[] offsets = new int[DEFAULT_BUFFERS];
  private int[] lengths = new int[DEFAULT_BUFFERS];
  private byte[] flags = new byte[DEFAULT_BUFFERS];
  private int head;
  private int tail;

  private final int[] sparePages = {BufferPages.NONE, BufferPages.NONE};

  private long infoSlot;
  private long buffersSlot;

  private int readers;
  private int writers;

  /** {@code r_counter}, {@code w_counter}: how often it was opened for reading and writing. */
  private int readerOpens;

  private int writerOpens;
  private int files;

  /** {@code rd_wait}, {@code wr_wait}. */
  final WaitQueue readWait = new WaitQueue();

  final WaitQueue writeWait = new WaitQueue();

  /**
   * {@code alloc_pipe_info}.
   *
   * @throws ErrnoException the given error if there is no memory
   */
  Pipe(VfsCaches caches, int errno) throws ErrnoException {
    this.caches = caches;
    this.memory = caches.pages;
    infoSlot = caches.kmalloc((long) INFO_BYTES * words(), errno);
    try {
      buffersSlot = caches.kmalloc(ringBytes(DEFAULT_BUFFERS), errno);
    } catch (ErrnoException e) {
      caches.kfree(infoSlot);
      throw e;
    }
  }

  private int words() {
    return caches.wordBytes() / Integer.BYTES;
  }

  private long ringBytes(int slots) {
    return (long) slots * BUFFER_BYTES * words();
  }

  // ---- Who has it open ----

  /** {@code fifo_open}: one more open file. */
  void opened(boolean reads, boolean writes) {
    files++;
    if (reads) {
      readerOpens++;
      if (readers++ == 0) {
        writeWait.wakeUpAll();
      }
    }
    if (writes) {
      writerOpens++;
      if (writers++ == 0) {
        readWait.wakeUpAll();
      }
    }
  }

  /**
   * {@code pipe_release}, {@code put_pipe_info}.
   *
   * @return whether that was the last one: the pipe and what was in it are gone
   */
  boolean closed(boolean reads, boolean writes) {
    readers -= reads ? 1 : 0;
    writers -= writes ? 1 : 0;
    if (--files == 0) {
      free();
      return true;
    }
    if ((readers == 0) != (writers == 0)) {
      int all = Integer.MAX_VALUE;
      readWait.wakeUp(Fcntl.POLLIN | Fcntl.POLLRDNORM | Fcntl.POLLERR | Fcntl.POLLHUP, all);
      writeWait.wakeUp(Fcntl.POLLOUT | Fcntl.POLLWRNORM | Fcntl.POLLERR | Fcntl.POLLHUP, all);
    }
    return false;
  }

  /** Frees one that was never opened, or that nobody has open any more. */
  void free() {
    while (!isEmpty()) {
      memory.put(pages[slot(tail++)]);
    }
    for (int i = 0; i < SPARE_PAGES; i++) {
      if (sparePages[i] != BufferPages.NONE) {
        memory.put(sparePages[i]);
        sparePages[i] = BufferPages.NONE;
      }
    }
    caches.kfree(buffersSlot);
    caches.kfree(infoSlot);
    buffersSlot = 0;
    infoSlot = 0;
  }

  int readers() {
    return readers;
  }

  int writers() {
    return writers;
  }

  int readerOpens() {
    return readerOpens;
  }

  int writerOpens() {
    return writerOpens;
  }

  // ---- The ring ----

  boolean isEmpty() {
    return head == tail;
  }

  boolean isFull() {
    return head - tail >= pages.length;
  }

  int freeBuffers() {
    return pages.length - (head - tail);
  }

  private int slot(int index) {
    return index & pages.length - 1;
  }

  /** {@code FIONREAD}: bytes in it. */
  int bytes() {
    int bytes = 0;
    for (int i = tail; i != head; i++) {
      bytes += lengths[slot(i)];
    }
    return bytes;
  }

  /** F_GETPIPE_SZ. */
  int capacityBytes() {
    return pages.length * Ram.PAGE_SIZE;
  }

  /**
   * F_SETPIPE_SZ: {@code pipe_set_size}.
   *
   * @param size in bytes, unsigned; rounded up to a power of two of pages
   * @return the new capacity in bytes
   * @throws ErrnoException EINVAL, EPERM beyond a MiB for who is not root, EBUSY if more is in it
   */
  int resize(int size, boolean isRoot) throws ErrnoException {
    if (size < 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    int slots = 1;
    while (slots < (size + (long) Ram.PAGE_SIZE - 1) / Ram.PAGE_SIZE) {
      slots *= 2;
    }
    if (slots > pages.length && slots * (long) Ram.PAGE_SIZE > MAX_BYTES && !isRoot) {
      throw new ErrnoException(Errno.EPERM);
    }
    if (slots < head - tail) {
      throw new ErrnoException(Errno.EBUSY);
    }
    long ring = caches.kmalloc(ringBytes(slots), Errno.ENOMEM);
    boolean wasFull = isFull();
    int used = head - tail;
    int[] newPages = new int[slots];
    int[] newOffsets = new int[slots];
    int[] newLengths = new int[slots];
    byte[] newFlags = new byte[slots];
    for (int i = 0; i < used; i++) {
      int from = slot(tail + i);
      newPages[i] = pages[from];
      newOffsets[i] = offsets[from];
      newLengths[i] = lengths[from];
      newFlags[i] = flags[from];
    }
    pages = newPages;
    offsets = newOffsets;
    lengths = newLengths;
    flags = newFlags;
    tail = 0;
    head = used;
    caches.kfree(buffersSlot);
    buffersSlot = ring;
    if (wasFull && !isFull()) {
      wakeWriters();
    }
    return capacityBytes();
  }

  // ---- Bytes ----

  /** {@code pipe_read} without its waiting: takes out up to {@code count} bytes. */
  int read(byte[] to, int offset, int count) {
    boolean wasFull = isFull();
    int done = 0;
    int left = count;
    while (left > 0 && !isEmpty()) {
      int at = slot(tail);
      int chunk = Math.min(left, lengths[at]);
      memory.read(pages[at], offsets[at], to, offset + done, chunk);
      done += chunk;
      if ((flags[at] & PACKET) != 0) {
        // What was not asked for of a packet is lost.
        left = chunk;
        lengths[at] = chunk;
      }
      left -= chunk;
      consume(chunk);
    }
    woken(wasFull);
    return done;
  }

  /** Takes bytes off the first buffer, and the buffer off the ring when it is empty. */
  private void consume(int bytes) {
    int at = slot(tail);
    offsets[at] += bytes;
    lengths[at] -= bytes;
    if (lengths[at] == 0) {
      releasePage(pages[at]);
      tail++;
    }
  }

  private void woken(boolean wasFull) {
    if (wasFull && !isFull()) {
      wakeWriters();
    }
  }

  private void wakeWriters() {
    writeWait.wakeUp(Fcntl.POLLOUT | Fcntl.POLLWRNORM, Integer.MAX_VALUE);
  }

  private void wakeReaders() {
    readWait.wakeUp(Fcntl.POLLIN | Fcntl.POLLRDNORM, Integer.MAX_VALUE);
  }

  /** {@code anon_pipe_buf_release}: a page that nobody shares is kept for the next write. */
  private void releasePage(int page) {
    if (memory.count(page) == 1) {
      for (int i = 0; i < SPARE_PAGES; i++) {
        if (sparePages[i] == BufferPages.NONE) {
          sparePages[i] = page;
          return;
        }
      }
    }
    memory.put(page);
  }

  private int takePage() {
    for (int i = 0; i < SPARE_PAGES; i++) {
      int page = sparePages[i];
      if (page != BufferPages.NONE) {
        sparePages[i] = BufferPages.NONE;
        return page;
      }
    }
    return memory.allocate();
  }

  /**
   * {@code pipe_write} without its waiting: puts in up to {@code count} bytes.
   *
   * @param packets whether each buffer is a packet of its own: O_DIRECT
   * @return how many; 0 if it is full; {@code -ENOMEM}
   */
  int write(byte[] from, int offset, int count, boolean packets) {
    int done = mergeIntoLast(from, offset, count);
    while (done < count && !isFull()) {
      int page = takePage();
      if (page == BufferPages.NONE) {
        if (done == 0) {
          return -Errno.ENOMEM;
        }
        break;
      }
      int chunk = Math.min(count - done, Ram.PAGE_SIZE);
      memory.write(page, 0, from, offset + done, chunk);
      push(page, 0, chunk, packets ? PACKET : CAN_MERGE);
      done += chunk;
    }
    if (done > 0) {
      wakeReaders();
    }
    return done;
  }

  /** What does not fill whole pages goes behind what is in the last page, if all of it fits. */
  private int mergeIntoLast(byte[] from, int offset, int count) {
    int part = count & Ram.PAGE_SIZE - 1;
    if (part == 0 || isEmpty()) {
      return 0;
    }
    int last = slot(head - 1);
    int end = offsets[last] + lengths[last];
    if ((flags[last] & CAN_MERGE) == 0 || end + part > Ram.PAGE_SIZE) {
      return 0;
    }
    memory.write(pages[last], end, from, offset, part);
    lengths[last] += part;
    return part;
  }

  private void push(int page, int offset, int length, byte bits) {
    int at = slot(head++);
    pages[at] = page;
    offsets[at] = offset;
    lengths[at] = length;
    flags[at] = bits;
  }

  // ---- splice and tee ----

  /**
   * {@code splice_pipe_to_pipe}, {@code link_pipe}: hands pages to another pipe, without copying.
   *
   * @param most bytes
   * @param keep whether they stay here too: tee
   * @return how many bytes; 0 if this is empty or the other full
   */
  int handTo(Pipe other, int most, boolean keep) {
    boolean wasFull = isFull();
    int done = 0;
    int index = tail;
    while (done < most && index != head && !other.isFull()) {
      int at = slot(index);
      int chunk = Math.min(most - done, lengths[at]);
      // A shared page must not grow: each holder knows only its own part of it.
      byte bits = (byte) (flags[at] & ~CAN_MERGE);
      flags[at] = bits;
      memory.get(pages[at]);
      other.push(pages[at], offsets[at], chunk, bits);
      done += chunk;
      index++;
      if (!keep) {
        consume(chunk);
      }
    }
    if (done > 0) {
      other.wakeReaders();
      woken(wasFull);
    }
    return done;
  }

  /** Tells of each reference to a page that it holds. */
  void forEachPage(IntConsumer consumer) {
    for (int i = tail; i != head; i++) {
      consumer.accept(pages[slot(i)]);
    }
    Arrays.stream(sparePages).filter(page -> page != BufferPages.NONE).forEach(consumer);
  }
}
