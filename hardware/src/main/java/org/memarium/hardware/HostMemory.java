package org.memarium.hardware;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Address space of the host, reserved and not committed: {@code mmap(2)} of private anonymous
 * memory with {@code MAP_NORESERVE}, in huge pages if the host has some.
 *
 * <p>{@link Arena#allocate} would write zeroes over all of it and so commit it.
 */
final class HostMemory {
  private static final int PROT_READ_WRITE = 0x1 | 0x2;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x02 | 0x20 | 0x4000;

  private static final int MADV_HUGEPAGE = 14;

  private static final Linker LINKER = Linker.nativeLinker();

  private static final MethodHandle MMAP =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("mmap"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG));

  private static final MethodHandle MUNMAP =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("munmap"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

  private static final MethodHandle MADVISE =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("madvise"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));

  private HostMemory() {}

  /**
   * Reserves {@code bytes} bytes that read as zeroes, given back when {@code arena} closes.
   *
   * @throws OutOfMemoryError if the host refuses
   */
  static MemorySegment reserve(long bytes, Arena arena) {
    long address;
    try {
      address =
          (long)
              MMAP.invokeExact(0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
    } catch (Throwable unexpected) {
      throw new LinkageError("mmap could not be called", unexpected);
    }
    if (address == -1) {
      throw new OutOfMemoryError("the host cannot reserve " + bytes + " bytes for RAM");
    }
    adviseHugePages(address, bytes);
    return MemorySegment.ofAddress(address).reinterpret(bytes, arena, HostMemory::release);
  }

  /**
   * A copied frame is two places far apart, and with small pages two misses in the host's TLB, each
   * a walk through tables that have left the cache too. Where the host has no huge pages to give,
   * the advice is refused or has no effect, and nothing else changes.
   */
  private static void adviseHugePages(long address, long bytes) {
    try {
      int _ = (int) MADVISE.invokeExact(address, bytes, MADV_HUGEPAGE);
    } catch (Throwable unexpected) {
      throw new LinkageError("madvise could not be called", unexpected);
    }
  }

  private static void release(MemorySegment segment) {
    try {
      int _ = (int) MUNMAP.invokeExact(segment.address(), segment.byteSize());
    } catch (Throwable unexpected) {
      throw new LinkageError("munmap could not be called", unexpected);
    }
  }
}
