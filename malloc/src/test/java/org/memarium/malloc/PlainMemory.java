package org.memarium.malloc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;

/**
 * A process's memory that is an array: a heap from the bottom, mappings from the top down, at the
 * highest place that is free. The kernel that the model tests need, and no more.
 */
final class PlainMemory implements ProcessMemory {
  static final long BASE = 0x0804_c000L;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private final BitSet mapped = new BitSet();
  private long end = BASE;

  /** The most pages that there may be, of heap and mappings: RLIMIT_AS. */
  int pageLimit = Integer.MAX_VALUE;

  PlainMemory(int size) {
    bytes = new byte[size];
  }

  private int index(long linearAddress) {
    long index = linearAddress - BASE;
    if (index < 0 || index >= bytes.length || !mapped.get((int) (index / PAGE_BYTES))) {
      throw new IllegalStateException("SIGSEGV at 0x%08x".formatted(linearAddress));
    }
    return (int) index;
  }

  @Override
  public int readInt(long linearAddress) {
    return (int) WORD.get(bytes, index(linearAddress));
  }

  @Override
  public void writeInt(long linearAddress, int value) {
    WORD.set(bytes, index(linearAddress), value);
  }

  @Override
  public void read(long linearAddress, byte[] to, int offset, int count) {
    System.arraycopy(bytes, range(linearAddress, count), to, offset, count);
  }

  @Override
  public void write(long linearAddress, byte[] from, int offset, int count) {
    System.arraycopy(from, offset, bytes, range(linearAddress, count), count);
  }

  @Override
  public void fill(long linearAddress, long count, int value) {
    int from = range(linearAddress, count);
    Arrays.fill(bytes, from, from + (int) count, (byte) value);
  }

  private int range(long linearAddress, long count) {
    if (count == 0) {
      return 0;
    }
    int from = index(linearAddress);
    int hole = mapped.nextClearBit(from / PAGE_BYTES);
    if ((long) hole * PAGE_BYTES < from + count) {
      throw new IllegalStateException("SIGSEGV at 0x%08x".formatted(BASE + (long) hole * 4096));
    }
    return from;
  }

  @Override
  public boolean isReadable(long linearAddress) {
    long index = linearAddress - BASE;
    return index >= 0 && index < bytes.length && mapped.get((int) (index / PAGE_BYTES));
  }

  @Override
  public long brk(long address) {
    if (address < BASE || address > BASE + bytes.length) {
      return end;
    }
    int now = pages(end - BASE);
    int then = pages(address - BASE);
    if (then > now) {
      int taken = mapped.nextSetBit(now);
      if ((taken >= 0 && taken < then) || exceedsLimit(then - now)) {
        return end;
      }
      show(now, then);
    } else {
      mapped.clear(then, now);
    }
    end = address;
    return end;
  }

  @Override
  public long mmap(long count) {
    int wanted = pages(count);
    int top = bytes.length / PAGE_BYTES;
    while (top >= wanted) {
      int below = mapped.previousSetBit(top - 1);
      if (top - below > wanted) {
        if (exceedsLimit(wanted)) {
          return -12;
        }
        show(top - wanted, top);
        return BASE + (long) (top - wanted) * PAGE_BYTES;
      }
      top = mapped.previousClearBit(below) + 1;
    }
    return -12;
  }

  @Override
  public int munmap(long address, long count) {
    int from = pages(address - BASE);
    mapped.clear(from, from + pages(count));
    return 0;
  }

  @Override
  public long mremap(long address, long oldBytes, long newBytes, int flags, long newAddress) {
    int from = pages(address - BASE);
    int oldPages = pages(oldBytes);
    int newPages = pages(newBytes);
    if ((flags & MREMAP_FIXED) != 0) {
      move(address, newAddress, Math.min(oldBytes, newBytes));
      munmap(address, oldBytes);
      return newAddress;
    }
    if (newPages <= oldPages) {
      mapped.clear(from + newPages, from + oldPages);
      return address;
    }
    int taken = mapped.nextSetBit(from + oldPages);
    if (from + newPages <= bytes.length / PAGE_BYTES
        && (taken < 0 || taken >= from + newPages)
        && !exceedsLimit(newPages - oldPages)) {
      show(from + oldPages, from + newPages);
      return address;
    }
    if ((flags & MREMAP_MAYMOVE) == 0) {
      return -12;
    }
    long moved = mmap(newBytes);
    if (moved >= 0) {
      move(address, moved, oldBytes);
      munmap(address, oldBytes);
    }
    return moved;
  }

  private void move(long from, long to, long count) {
    System.arraycopy(bytes, index(from), bytes, index(to), (int) count);
  }

  @Override
  public int discard(long address, long count) {
    Arrays.fill(bytes, index(address), index(address) + (int) count, (byte) 0);
    return 0;
  }

  int mappedPages() {
    return mapped.cardinality();
  }

  /** Pages that nothing is in. */
  int pagesLeft() {
    return bytes.length / PAGE_BYTES - mapped.cardinality();
  }

  private boolean exceedsLimit(int more) {
    return mapped.cardinality() + (long) more > pageLimit;
  }

  private void show(int from, int to) {
    mapped.set(from, to);
    Arrays.fill(bytes, from * PAGE_BYTES, to * PAGE_BYTES, (byte) 0);
  }

  private static int pages(long count) {
    return (int) ((count + PAGE_BYTES - 1) / PAGE_BYTES);
  }
}
