package org.memarium.malloc.trace;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.BitSet;
import org.memarium.kernel.error.UsageException;

/**
 * What a program asked its allocator for, in order. Addresses are no part of it: blocks have
 * numbers, which are used again when they are free.
 *
 * <pre>
 *   0   "memtrace"                     all numbers little-endian
 *   8   operations         u32
 *   12  blocks             u32: all block numbers are less
 *   16  peak               u64: the most bytes that were asked for and not given back
 *   24  operations, each:
 *         varint  block << 3 | kind    a varint has seven bits in each byte, lowest first;
 *         varint  bytes                bit 7 is set in all but the last
 *         varint  alignment
 *
 *   kind        0 free   1 malloc   2 calloc   3 realloc   4 memalign
 *   bytes       no       yes        yes        yes         yes
 *   alignment   no       no         no         no          yes
 * </pre>
 */
public final class AllocationTrace {
  static final int FREE = 0;
  static final int MALLOC = 1;
  static final int CALLOC = 2;
  static final int REALLOC = 3;
  static final int MEMALIGN = 4;

  private static final byte[] MAGIC = "memtrace".getBytes(StandardCharsets.ISO_8859_1);
  private static final int HEADER = 24;

  private final byte[] records;
  private final int operations;
  private final int blocks;
  private final long peakBytes;

  private AllocationTrace(byte[] records, int operations, int blocks, long peakBytes) {
    this.records = records;
    this.operations = operations;
    this.blocks = blocks;
    this.peakBytes = peakBytes;
  }

  /** How many operations. */
  public int operations() {
    return operations;
  }

  /** How many blocks there are at once, at the most. */
  public int blocks() {
    return blocks;
  }

  /** The most bytes that were asked for and not given back at once. */
  public long peakBytes() {
    return peakBytes;
  }

  /** Is told every operation. */
  public interface Visitor {
    /** A block is given back. */
    void free(int block);

    /** A new block. */
    void malloc(int block, long bytes);

    /** A new block of zeroes. */
    void calloc(int block, long bytes);

    /** A block gets another size. */
    void realloc(int block, long bytes);

    /** A new block at a multiple of something. */
    void memalign(int block, long bytes, long alignment);
  }

  /** Tells all operations, in order. */
  public void forEach(Visitor visitor) {
    ByteBuffer in = ByteBuffer.wrap(records);
    for (int i = 0; i < operations; i++) {
      long head = varint(in);
      int block = (int) (head >>> 3);
      switch ((int) head & 7) {
        case FREE -> visitor.free(block);
        case MALLOC -> visitor.malloc(block, varint(in));
        case CALLOC -> visitor.calloc(block, varint(in));
        case REALLOC -> visitor.realloc(block, varint(in));
        default -> visitor.memalign(block, varint(in), varint(in));
      }
    }
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  /** Writes it into a file, which is whole or not there. */
  public void write(Path file) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).putInt(operations).putInt(blocks).putLong(peakBytes);
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(header.array());
    whole.writeBytes(records);
    Path folder = file.toAbsolutePath().getParent();
    Path aside = Files.createTempFile(folder, "malloc", ".part");
    Files.write(aside, whole.toByteArray());
    Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Reads a file.
   *
   * @throws UsageException if it is no trace, or not whole
   */
  public static AllocationTrace read(Path file) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    ByteBuffer in = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    if (whole.length < HEADER || !Arrays.equals(magic(in, magic), MAGIC)) {
      throw new UsageException(file + ": no trace of allocations: it does not begin with memtrace");
    }
    int operations = in.getInt();
    int blocks = in.getInt();
    long peakBytes = in.getLong();
    byte[] records = Arrays.copyOfRange(whole, HEADER, whole.length);
    AllocationTrace trace = new AllocationTrace(records, operations, blocks, peakBytes);
    try {
      trace.forEach(new Check(blocks));
    } catch (IllegalArgumentException | BufferUnderflowException broken) {
      throw new UsageException(file + ": a trace of allocations that is not whole");
    }
    return trace;
  }

  private static byte[] magic(ByteBuffer in, byte[] magic) {
    in.get(magic);
    return magic;
  }

  /** Every block is made before it is used. */
  private static final class Check implements Visitor {
    private final BitSet live = new BitSet();
    private final int blocks;

    Check(int blocks) {
      this.blocks = blocks;
    }

    private void expect(int block, boolean isLive) {
      if (block < 0 || block >= blocks || live.get(block) != isLive) {
        throw new IllegalArgumentException("block " + block);
      }
    }

    @Override
    public void free(int block) {
      expect(block, true);
      live.clear(block);
    }

    @Override
    public void malloc(int block, long bytes) {
      expect(block, false);
      live.set(block);
    }

    @Override
    public void calloc(int block, long bytes) {
      malloc(block, bytes);
    }

    @Override
    public void realloc(int block, long bytes) {
      expect(block, true);
    }

    @Override
    public void memalign(int block, long bytes, long alignment) {
      malloc(block, bytes);
    }
  }

  /** Makes a trace, operation by operation. */
  static final class Builder {
    private final ByteArrayOutputStream records = new ByteArrayOutputStream();
    private final BitSet live = new BitSet();
    private long[] sizes = new long[1024];
    private int operations;
    private int blocks;
    private long liveBytes;
    private long peakBytes;

    /** A new block; returns its number. */
    int allocate(int kind, long bytes, long alignment) {
      int block = live.nextClearBit(0);
      live.set(block);
      blocks = Math.max(blocks, block + 1);
      if (block >= sizes.length) {
        sizes = Arrays.copyOf(sizes, 2 * sizes.length);
      }
      put(block, kind, bytes);
      if (kind == MEMALIGN) {
        varint(alignment);
      }
      return block;
    }

    void reallocate(int block, long bytes) {
      put(block, REALLOC, bytes);
    }

    void free(int block) {
      live.clear(block);
      put(block, FREE, 0);
    }

    private void put(int block, int kind, long bytes) {
      operations++;
      varint((long) block << 3 | kind);
      if (kind != FREE) {
        varint(bytes);
      }
      liveBytes += bytes - sizes[block];
      sizes[block] = bytes;
      peakBytes = Math.max(peakBytes, liveBytes);
    }

    private void varint(long value) {
      long rest = value;
      while (rest > 0x7f) {
        records.write((int) ((rest & 0x7f) | 0x80));
        rest >>>= 7;
      }
      records.write((int) rest);
    }

    AllocationTrace build() {
      return new AllocationTrace(records.toByteArray(), operations, blocks, peakBytes);
    }
  }
}
