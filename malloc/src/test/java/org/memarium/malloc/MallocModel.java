package org.memarium.malloc;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Random operations on an allocator, beside a model that is plainly right: which blocks there are,
 * how long they are, and what is in them.
 */
final class MallocModel {
  /** Of a long block so many bytes are looked at, at each end. */
  private static final int EDGE = 2048;

  private static final int THREADS = 4;

  private final Malloc malloc;
  private final ProcessMemory memory;
  private final SplittableRandom random;
  private final long seed;
  private final int alignment;

  /** What blocks are filled with: each from another place on. */
  private final byte[] pattern = new byte[8 * EDGE];

  private final byte[] seen = new byte[EDGE];
  private final long[] address;
  private final int[] bytes;
  private final int[] place;

  /** Of each block in use: its address, and where its usable bytes end. */
  private final TreeMap<Long, Long> ends = new TreeMap<>();

  /** The largest request. */
  int largest = 1 << 21;

  /** Requests that were not granted. */
  int refused;

  MallocModel(Malloc malloc, ProcessMemory memory, long seed, int alignment, int slots) {
    this.malloc = malloc;
    this.memory = memory;
    this.seed = seed;
    this.random = new SplittableRandom(seed);
    this.alignment = alignment;
    address = new long[slots];
    bytes = new int[slots];
    place = new int[slots];
    random.nextBytes(pattern);
  }

  void run(int operations, int checkEvery) {
    int done = 0;
    try {
      for (; done < operations; done++) {
        operate(random.nextInt(address.length));
        if (done % checkEvery == 0) {
          malloc.check();
        }
      }
      malloc.check();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed %d, operation %,d".formatted(seed, done), e);
    }
  }

  /** Gives back all blocks, after a look at each. */
  void freeAll() {
    for (int slot = 0; slot < address.length; slot++) {
      if (address[slot] != 0) {
        free(slot);
      }
    }
    for (int thread = 0; thread < THREADS; thread++) {
      malloc.threadEnded(thread);
    }
    malloc.check();
  }

  private void operate(int slot) {
    int choice = random.nextInt(100);
    malloc.callingThread(choice % THREADS);
    if (address[slot] == 0) {
      int size = size();
      if (choice < 70) {
        take(slot, malloc.malloc(size), size, alignment);
      } else if (choice < 90) {
        int count = 1 + random.nextInt(8);
        take(slot, malloc.calloc(count, size / count), size / count * count, alignment);
        expectZero(slot);
      } else {
        int power = 1 << random.nextInt(random.nextInt(14) == 0 ? 21 : 13);
        take(slot, malloc.memalign(power, size), size, Math.max(power, alignment));
      }
      fill(slot);
    } else if (choice < 65) {
      free(slot);
    } else if (choice < 90) {
      realloc(slot);
    } else {
      expectContents(slot, bytes[slot]);
    }
  }

  /** Most are small, some large, few very large. */
  private int size() {
    int kind = random.nextInt(1000);
    int limit = kind < 700 ? 128 : kind < 920 ? 1024 : kind < 990 ? 1 << 14 : 1 << 18;
    return random.nextInt(Math.min(largest, kind == 999 ? largest : limit) + 1);
  }

  private void take(int slot, long got, int size, int multiple) {
    if (got == 0) {
      refused++;
      return;
    }
    if (got % multiple != 0) {
      throw new AssertionError("0x%08x is no multiple of %d".formatted(got, multiple));
    }
    long usable = malloc.mallocUsableSize(got);
    if (usable < size) {
      throw new AssertionError("%d bytes of 0x%08x, asked for %d".formatted(usable, got, size));
    }
    Map.Entry<Long, Long> below = ends.floorEntry(got + Math.max(usable, 1) - 1);
    if (below != null && (below.getValue() > got || below.getKey() == got)) {
      throw new AssertionError("0x%08x overlaps 0x%08x".formatted(got, below.getKey()));
    }
    ends.put(got, got + usable);
    address[slot] = got;
    bytes[slot] = size;
  }

  private void free(int slot) {
    expectContents(slot, bytes[slot]);
    malloc.free(address[slot]);
    ends.remove(address[slot]);
    address[slot] = 0;
  }

  private void realloc(int slot) {
    int size = Math.max(1, size());
    int oldBytes = bytes[slot];
    long old = address[slot];
    expectContents(slot, oldBytes);
    long got = malloc.realloc(old, size);
    if (got == 0) {
      refused++;
      expectContents(slot, oldBytes);
      return;
    }
    ends.remove(old);
    take(slot, got, size, alignment);
    expectStart(slot, Math.min(oldBytes, size));
    fill(slot);
  }

  private void fill(int slot) {
    if (address[slot] == 0) {
      return;
    }
    place[slot] = random.nextInt(pattern.length - EDGE);
    int size = bytes[slot];
    int head = Math.min(size, EDGE);
    memory.write(address[slot], pattern, place[slot], head);
    if (size > head) {
      int tail = Math.min(size - head, EDGE);
      memory.write(address[slot] + size - tail, pattern, place[slot], tail);
    }
  }

  private void expectContents(int slot, int size) {
    expectStart(slot, size);
    if (size > EDGE) {
      int tail = Math.min(size - EDGE, EDGE);
      expect(slot, size - tail, tail);
    }
  }

  private void expectStart(int slot, int size) {
    expect(slot, 0, Math.min(size, EDGE));
  }

  private void expect(int slot, int from, int count) {
    memory.read(address[slot] + from, seen, 0, count);
    if (!Arrays.equals(seen, 0, count, pattern, place[slot], place[slot] + count)) {
      throw new AssertionError(
          "block 0x%08x of %d bytes has changed near byte %d"
              .formatted(address[slot], bytes[slot], from));
    }
  }

  private void expectZero(int slot) {
    if (address[slot] == 0) {
      return;
    }
    for (int from = 0; from < bytes[slot]; from += EDGE) {
      int count = Math.min(EDGE, bytes[slot] - from);
      memory.read(address[slot] + from, seen, 0, count);
      for (int i = 0; i < count; i++) {
        if (seen[i] != 0) {
          throw new AssertionError("calloc: byte %d is %d".formatted(from + i, seen[i]));
        }
      }
    }
  }
}
