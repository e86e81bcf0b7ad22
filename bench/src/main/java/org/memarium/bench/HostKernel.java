package org.memarium.bench;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** {@code mmap} and {@code munmap} of the kernel that runs us, to compare with. */
final class HostKernel {
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
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

  private HostKernel() {}

  static long map(long bytes, int prot) {
    long address;
    try {
      address = (long) MMAP.invokeExact(0L, bytes, prot, MAP_PRIVATE_ANONYMOUS, -1, 0L);
    } catch (Throwable unexpected) {
      throw new LinkageError("mmap could not be called", unexpected);
    }
    if (address == -1) {
      throw new IllegalStateException("the host refuses to map " + bytes + " bytes");
    }
    return address;
  }

  static void unmap(long address, long bytes) {
    int result;
    try {
      result = (int) MUNMAP.invokeExact(address, bytes);
    } catch (Throwable unexpected) {
      throw new LinkageError("munmap could not be called", unexpected);
    }
    if (result != 0) {
      throw new IllegalStateException("the host refuses to unmap");
    }
  }

  /** The bytes from an address that {@link #map} returned. */
  static MemorySegment memory(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }
}
