package org.memarium.hardware;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Random-access memory: physical addresses 0 to {@link #bytes()} - 1, in one off-heap segment.
 *
 * <p>The segment is reserved and not committed: the host gives a page (a huge one of 2 MiB, as a
 * rule) when it is first touched, so a machine costs what it uses. It reads as zeroes at first. All
 * values are little-endian, at any alignment. An address outside the range throws {@link
 * IndexOutOfBoundsException}: no walk and no allocator may ever produce one.
 *
 * <p><b>Code watch.</b> A processor that caches decoded instructions marks the frames that they
 * came from ({@link #watchCode}); a later write to such a frame, by a program through the {@link
 * Mmu} or by the kernel through the bulk methods here, is reported to the {@link CodeListener}. The
 * single-value {@code put} methods do not look at the watch: they are for page tables and for the
 * {@link Mmu}, which looks itself.
 *
 * <p>A machine belongs to one thread; nothing here is synchronised.
 */
public final class Ram implements AutoCloseable {
  /** Bytes in a page frame. */
  public static final int PAGE_SIZE = 4096;

  /** {@code log2(PAGE_SIZE)}. */
  public static final int PAGE_SHIFT = 12;

  /** Told of writes to frames that hold decoded instructions. */
  public interface CodeListener {
    /**
     * Bytes of a watched frame are about to change.
     *
     * @param physicalAddress the first byte that changes
     * @param bytes how many, at least 1, all in one frame
     */
    void codeWritten(long physicalAddress, int bytes);
  }

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** To copy it takes half as long as to fill as many bytes. */
  private static final MemorySegment ZERO_PAGE =
      Arena.global().allocate(PAGE_SIZE, PAGE_SIZE).asReadOnly();

  private final Arena arena;
  private final MemorySegment segment;
  private final long bytes;

  /** One bit a frame: set where decoded instructions came from. */
  private final long[] watched;

  private @Nullable CodeListener codeListener;
  private long zeroedFrames;
  private long copiedFrames;

  private Ram(Arena arena, MemorySegment segment) {
    this.arena = arena;
    this.segment = segment;
    this.bytes = segment.byteSize();
    this.watched = new long[Math.toIntExact(((bytes >>> PAGE_SHIFT) + 63) >>> 6)];
  }

  /**
   * Reserves RAM.
   *
   * @param bytes the size; a positive multiple of {@link #PAGE_SIZE}
   * @throws IllegalArgumentException if the size is not such a multiple
   * @throws OutOfMemoryError if the host refuses to reserve so much address space; the message is
   *     one clear line
   */
  public static Ram reserve(long bytes) {
    if (bytes <= 0 || bytes % PAGE_SIZE != 0) {
      throw new IllegalArgumentException(
          "RAM must be a positive multiple of " + PAGE_SIZE + " bytes, not " + bytes);
    }
    Arena arena = Arena.ofShared();
    try {
      return new Ram(arena, HostMemory.reserve(bytes, arena));
    } catch (Throwable failure) {
      arena.close();
      throw failure;
    }
  }

  /** The size in bytes. */
  public long bytes() {
    return bytes;
  }

  /** The number of page frames; valid frame numbers are 0 to this - 1. */
  public long frames() {
    return bytes >>> PAGE_SHIFT;
  }

  /** Reads one byte, sign-extended as Java does. */
  public byte getByte(long physicalAddress) {
    return segment.get(BYTE, physicalAddress);
  }

  /** Reads two bytes. */
  public short getShort(long physicalAddress) {
    return segment.get(SHORT, physicalAddress);
  }

  /** Reads four bytes. */
  public int getInt(long physicalAddress) {
    return segment.get(INT, physicalAddress);
  }

  /** Reads eight bytes. */
  public long getLong(long physicalAddress) {
    return segment.get(LONG, physicalAddress);
  }

  /** Writes one byte; the code watch is not consulted. */
  public void putByte(long physicalAddress, byte value) {
    segment.set(BYTE, physicalAddress, value);
  }

  /** Writes two bytes; the code watch is not consulted. */
  public void putShort(long physicalAddress, short value) {
    segment.set(SHORT, physicalAddress, value);
  }

  /** Writes four bytes; the code watch is not consulted. */
  public void putInt(long physicalAddress, int value) {
    segment.set(INT, physicalAddress, value);
  }

  /** Writes eight bytes; the code watch is not consulted. */
  public void putLong(long physicalAddress, long value) {
    segment.set(LONG, physicalAddress, value);
  }

  /** Fills {@code count} bytes from {@code physicalAddress} with one value. */
  public void fill(long physicalAddress, long count, byte value) {
    noticeCode(physicalAddress, count);
    segment.asSlice(physicalAddress, count).fill(value);
  }

  /** Zeroes the frame {@code pfn}. */
  public void zeroFrame(long pfn) {
    zeroedFrames++;
    long physicalAddress = pfn << PAGE_SHIFT;
    noticeCode(physicalAddress, PAGE_SIZE);
    MemorySegment.copy(ZERO_PAGE, 0, segment, physicalAddress, PAGE_SIZE);
  }

  /** Copies the frame {@code fromPfn} over the frame {@code toPfn}. */
  public void copyFrame(long fromPfn, long toPfn) {
    copiedFrames++;
    copy(fromPfn << PAGE_SHIFT, toPfn << PAGE_SHIFT, PAGE_SIZE);
  }

  /** How often {@link #zeroFrame} was called. */
  public long zeroedFrames() {
    return zeroedFrames;
  }

  /** How often {@link #copyFrame} was called. */
  public long copiedFrames() {
    return copiedFrames;
  }

  /** Copies bytes inside RAM; the ranges may overlap. */
  public void copy(long fromPhysicalAddress, long toPhysicalAddress, long count) {
    noticeCode(toPhysicalAddress, count);
    MemorySegment.copy(segment, fromPhysicalAddress, segment, toPhysicalAddress, count);
  }

  /** Copies {@code count} bytes of RAM into {@code to} from index {@code offset}. */
  public void read(long physicalAddress, byte[] to, int offset, int count) {
    MemorySegment.copy(segment, BYTE, physicalAddress, to, offset, count);
  }

  /** Copies {@code count} ints of RAM into {@code to}, from its beginning. */
  public void readInts(long physicalAddress, int[] to, int count) {
    MemorySegment.copy(segment, INT, physicalAddress, to, 0, count);
  }

  /** Copies the first {@code count} of {@code from} into RAM; the code watch is not consulted. */
  public void writeInts(long physicalAddress, int[] from, int count) {
    MemorySegment.copy(from, 0, segment, INT, physicalAddress, count);
  }

  /** Copies {@code count} longs of RAM into {@code to}, from its beginning. */
  public void readLongs(long physicalAddress, long[] to, int count) {
    MemorySegment.copy(segment, LONG, physicalAddress, to, 0, count);
  }

  /** Copies the first {@code count} of {@code from} into RAM; the code watch is not consulted. */
  public void writeLongs(long physicalAddress, long[] from, int count) {
    MemorySegment.copy(from, 0, segment, LONG, physicalAddress, count);
  }

  /** Copies {@code count} bytes of {@code from}, from index {@code offset}, into RAM. */
  public void write(long physicalAddress, byte[] from, int offset, int count) {
    noticeCode(physicalAddress, count);
    MemorySegment.copy(from, offset, segment, BYTE, physicalAddress, count);
  }

  /**
   * A window on {@code count} bytes of RAM for I/O straight into it (a file channel's read or
   * write). The code watch is consulted now, so ask for a fresh window for each transfer.
   */
  public ByteBuffer window(long physicalAddress, int count) {
    noticeCode(physicalAddress, count);
    return segment.asSlice(physicalAddress, count).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Where bytes of RAM are in this process, for a call of the host's kernel that is over before
   * anything else happens.
   *
   * @throws IndexOutOfBoundsException if they are not all RAM
   */
  long hostAddress(long physicalAddress, int count) {
    return segment.asSlice(physicalAddress, count).address();
  }

  /** Names who is told of writes to watched frames; one listener a machine. */
  public void setCodeListener(CodeListener listener) {
    codeListener = listener;
  }

  /** Marks the frame: its bytes have been decoded. */
  public void watchCode(long pfn) {
    watched[(int) (pfn >>> 6)] |= 1L << pfn;
  }

  /** Unmarks the frame: no decoded instruction comes from it any more. */
  public void unwatchCode(long pfn) {
    watched[(int) (pfn >>> 6)] &= ~(1L << pfn);
  }

  /**
   * Nothing that was decoded from the frame may be executed any more: its content has moved, or is
   * about to be something else.
   */
  public void forgetCode(long pfn) {
    noticeCode(pfn << PAGE_SHIFT, PAGE_SIZE);
  }

  /** Whether decoded instructions come from the frame. */
  public boolean isCodeWatched(long pfn) {
    return (watched[(int) (pfn >>> 6)] >>> pfn & 1) != 0;
  }

  /**
   * Reports a coming write to the listener, frame by frame, where the frame is watched.
   *
   * @param physicalAddress the first byte that changes
   * @param count how many bytes
   */
  void noticeCode(long physicalAddress, long count) {
    long end = physicalAddress + count;
    for (long at = physicalAddress; at < end; ) {
      long next = Math.min(end, (at | (PAGE_SIZE - 1)) + 1);
      if (isCodeWatched(at >>> PAGE_SHIFT) && codeListener != null) {
        codeListener.codeWritten(at, (int) (next - at));
      }
      at = next;
    }
  }

  /** Gives the RAM back to the host; every later access throws {@link IllegalStateException}. */
  @Override
  public void close() {
    arena.close();
  }
}
