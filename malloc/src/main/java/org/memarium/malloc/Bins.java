package org.memarium.malloc;

/**
 * The lists of free chunks, in the arena and in the chunks themselves.
 *
 * <table>
 * <caption>Bins by number</caption>
 * <tr><td>fast 0, 2, ... 10<td>chunks of 16, 32, ... 96 bytes, singly linked, not fused
 * <tr><td>1<td>unsorted: freed and split-off chunks, until the next {@code malloc} looks at them
 * <tr><td>2 to 63<td>small: one size each, 16 to 992 bytes, first in first out
 * <tr><td>64 to 126<td>large: a range each, the largest first; the first of each size is in a second
 * list, over sizes only
 * </table>
 *
 * <p>A bin's head is treated as a chunk of which only {@code fd} and {@code bk} exist. A chunk in a
 * fast bin has {@link #FAST_KEY} where {@code bk} would be: whoever frees it again is found without
 * a walk through everything.
 */
final class Bins extends Chunks {
  static final int COUNT = 128;
  static final int UNSORTED = 1;
  static final int FIRST_LARGE = 64;

  /** {@code MIN_LARGE_SIZE}. */
  static final long LARGE_BYTES = 1008;

  /** {@code NFASTBINS}. */
  static final int FAST_COUNT = 11;

  /** The largest chunk that can be in a fast bin. */
  static final long LARGEST_FAST_BYTES = 96;

  /** "FREE", with the highest bit of each byte set. */
  static final long FAST_KEY = 0xc5c5_d2c6L;

  private final long state;

  Bins(ProcessMemory memory, long state) {
    super(memory);
    this.state = state;
  }

  /** Makes all bins empty. */
  void initialize() {
    for (int bin = 1; bin < COUNT; bin++) {
      long head = head(bin);
      put(head + FD, head);
      put(head + BK, head);
    }
  }

  /** {@code bin_at}. */
  long head(int bin) {
    return state + MallocState.BINS + (bin - 1) * 8L - FD;
  }

  static boolean isSmall(long bytes) {
    return bytes < LARGE_BYTES;
  }

  /** {@code bin_index}: {@code smallbin_index}, or {@code largebin_index_32_big}. */
  static int index(long bytes) {
    if (isSmall(bytes)) {
      return (int) (bytes >> 4) + 1;
    }
    if (bytes >> 6 <= 45) {
      return 49 + (int) (bytes >> 6);
    }
    if (bytes >> 9 <= 20) {
      return 91 + (int) (bytes >> 9);
    }
    if (bytes >> 12 <= 10) {
      return 110 + (int) (bytes >> 12);
    }
    if (bytes >> 15 <= 4) {
      return 119 + (int) (bytes >> 15);
    }
    return bytes >> 18 <= 2 ? 124 + (int) (bytes >> 18) : 126;
  }

  // ---- Fast bins ----

  private long fastHead(long bytes) {
    return fastHead((int) (bytes >> 3) - 2);
  }

  /** Where the list of a fast bin begins, {@code fastbin_index} 0 to 10. */
  long fastHead(int bin) {
    return state + MallocState.FASTBINS + bin * 4L;
  }

  void pushFast(long chunk, long bytes) {
    long head = fastHead(bytes);
    put(chunk + FD, get(head));
    put(chunk + BK, FAST_KEY);
    put(head, chunk);
    put(state + MallocState.HAVE_FASTCHUNKS, 1);
  }

  /** A chunk of exactly this size; 0 if there is none. */
  long popFast(String call, long bytes) {
    long head = fastHead(bytes);
    long chunk = get(head);
    if (chunk == 0) {
      return 0;
    }
    checkFast(call, chunk, bytes);
    put(head, get(chunk + FD));
    put(chunk + BK, 0);
    return chunk;
  }

  void checkFast(String call, long chunk, long bytes) {
    if (chunk % ALIGNMENT != HEADER
        || !memory.isReadable(chunk)
        || size(chunk) != bytes
        || get(chunk + BK) != FAST_KEY) {
      throw corrupted(
          call, chunk, "in the fast bin of %d bytes, and no such chunk".formatted(bytes));
    }
  }

  /** Whether a chunk is in the fast bin of its size. */
  boolean isFast(String call, long chunk, long bytes) {
    if (bytes > LARGEST_FAST_BYTES || get(chunk + BK) != FAST_KEY) {
      return false;
    }
    for (long fast = get(fastHead(bytes)); fast != 0; fast = get(fast + FD)) {
      checkFast(call, fast, bytes);
      if (fast == chunk) {
        return true;
      }
    }
    return false;
  }

  boolean haveFast() {
    return get(state + MallocState.HAVE_FASTCHUNKS) != 0;
  }

  // ---- Bins proper ----

  /** {@code unlink_chunk}: takes a free chunk out of whatever bin it is in. */
  void unlink(String call, long chunk) {
    long bytes = size(chunk);
    long fd = get(chunk + FD);
    long bk = get(chunk + BK);
    if (get(chunk + bytes + PREV_SIZE) != bytes) {
      throw corrupted(
          call,
          chunk,
          "size %d, but prev_size behind it %d".formatted(bytes, get(chunk + bytes + PREV_SIZE)));
    }
    if (get(fd + BK) != chunk || get(bk + FD) != chunk) {
      throw corrupted(
          call, chunk, "neighbours 0x%08x and 0x%08x don't link back".formatted(fd, bk));
    }
    put(fd + BK, bk);
    put(bk + FD, fd);
    if (!isSmall(bytes) && get(chunk + FD_NEXTSIZE) != 0) {
      unlinkSize(call, chunk, fd);
    }
  }

  /** Takes a chunk out of the list over sizes; the next one of its size takes its place. */
  private void unlinkSize(String call, long chunk, long fd) {
    long smaller = get(chunk + FD_NEXTSIZE);
    long larger = get(chunk + BK_NEXTSIZE);
    if (get(smaller + BK_NEXTSIZE) != chunk || get(larger + FD_NEXTSIZE) != chunk) {
      throw corrupted(
          call, chunk, "sizes 0x%08x and 0x%08x don't link back".formatted(smaller, larger));
    }
    boolean successor = !isHead(fd) && get(fd + FD_NEXTSIZE) == 0;
    if (!successor) {
      put(smaller + BK_NEXTSIZE, larger);
      put(larger + FD_NEXTSIZE, smaller);
    } else if (smaller == chunk) {
      put(fd + FD_NEXTSIZE, fd);
      put(fd + BK_NEXTSIZE, fd);
    } else {
      put(fd + FD_NEXTSIZE, smaller);
      put(fd + BK_NEXTSIZE, larger);
      put(smaller + BK_NEXTSIZE, fd);
      put(larger + FD_NEXTSIZE, fd);
    }
  }

  private boolean isHead(long chunk) {
    return chunk >= state && chunk < state + MallocState.BYTES;
  }

  private void insertBehind(long chunk, long before) {
    long behind = get(before + FD);
    put(chunk + FD, behind);
    put(chunk + BK, before);
    put(before + FD, chunk);
    put(behind + BK, chunk);
  }

  /** Puts a free chunk first into the unsorted bin. */
  void insertUnsorted(long chunk, long bytes) {
    insertBehind(chunk, head(UNSORTED));
    if (!isSmall(bytes)) {
      put(chunk + FD_NEXTSIZE, 0);
      put(chunk + BK_NEXTSIZE, 0);
    }
  }

  /** Puts a free chunk into the bin of its size. */
  void insertSorted(long chunk, long bytes) {
    int bin = index(bytes);
    if (bin < FIRST_LARGE) {
      insertBehind(chunk, head(bin));
    } else {
      insertLarge(chunk, bytes, head(bin));
    }
    long word = state + MallocState.BINMAP + (bin >> 5) * 4L;
    put(word, get(word) | (1L << (bin & 31)));
  }

  private void insertLarge(long chunk, long bytes, long head) {
    long largest = get(head + FD);
    if (largest == head) {
      put(chunk + FD_NEXTSIZE, chunk);
      put(chunk + BK_NEXTSIZE, chunk);
      insertBehind(chunk, head);
      return;
    }
    if (bytes < size(get(head + BK))) {
      insertSize(chunk, largest);
      insertBehind(chunk, get(head + BK));
      return;
    }
    long at = largest;
    while (size(at) > bytes) {
      at = get(at + FD_NEXTSIZE);
    }
    if (size(at) == bytes) {
      // Second of its size: the list over sizes stays as it is.
      insertBehind(chunk, at);
    } else {
      insertSize(chunk, at);
      insertBehind(chunk, get(at + BK));
    }
  }

  /** Puts a chunk into the ring over sizes, before one that is smaller, or the largest. */
  private void insertSize(long chunk, long smaller) {
    long larger = get(smaller + BK_NEXTSIZE);
    put(chunk + FD_NEXTSIZE, smaller);
    put(chunk + BK_NEXTSIZE, larger);
    put(smaller + BK_NEXTSIZE, chunk);
    put(larger + FD_NEXTSIZE, chunk);
  }

  /** The oldest chunk of a bin; 0 if it is empty. */
  long oldest(int bin) {
    long head = head(bin);
    long chunk = get(head + BK);
    return chunk == head ? 0 : chunk;
  }

  /** The smallest chunk of a large bin that has so many bytes; 0 if none has. */
  long bestOfLarge(long bytes) {
    long head = head(index(bytes));
    long largest = get(head + FD);
    if (largest == head || size(largest) < bytes) {
      return 0;
    }
    long chunk = get(largest + BK_NEXTSIZE);
    while (size(chunk) < bytes) {
      chunk = get(chunk + BK_NEXTSIZE);
    }
    // The second of its size is cheaper to take out.
    long second = get(chunk + FD);
    return second != head && size(second) == size(chunk) ? second : chunk;
  }

  /** The smallest chunk of the bins from a number on; 0 if all are empty. */
  long smallestFrom(int bin) {
    for (int word = bin >> 5; word < COUNT / 32; word++) {
      long at = state + MallocState.BINMAP + word * 4L;
      long bits = get(at);
      long wanted = word == bin >> 5 ? bits & (-1L << (bin & 31)) : bits;
      while (wanted != 0) {
        int bit = Long.numberOfTrailingZeros(wanted);
        long chunk = oldest(word * 32 + bit);
        if (chunk != 0) {
          return chunk;
        }
        // A set bit means "may": it is cleared when somebody looked in vain.
        bits &= ~(1L << bit);
        wanted &= ~(1L << bit);
        put(at, bits);
      }
    }
    return 0;
  }
}
