package org.memarium.mm.space;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The memory calls of the host's kernel, for tests; results as of system calls. */
final class HostCalls implements AutoCloseable {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;
  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment state = arena.allocate(STATE);
  private final MethodHandle mmap =
      handle("mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
  private final MethodHandle munmap = handle("munmap", FunctionDescriptor.of(INT, LONG, LONG));
  private final MethodHandle mprotect =
      handle("mprotect", FunctionDescriptor.of(INT, LONG, LONG, INT));
  private final MethodHandle madvise =
      handle("madvise", FunctionDescriptor.of(INT, LONG, LONG, INT));
  private final MethodHandle mremap =
      handle("mremap", FunctionDescriptor.of(LONG, LONG, LONG, LONG, INT, LONG));

  private static MethodHandle handle(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), type, Linker.Option.captureCallState("errno"));
  }

  /** Whether this is the kernel that the test knows. */
  static boolean isLinux64() {
    return System.getProperty("os.name").equals("Linux")
        && System.getProperty("os.arch").equals("amd64")
        && POINTER.byteSize() == 8;
  }

  private long result(long value) {
    return value == -1 ? -(int) ERRNO.get(state, 0L) : value;
  }

  long mmap(long address, long bytes, int prot, int flags) {
    try {
      return result((long) mmap.invokeExact(state, address, bytes, prot, flags, -1, 0L));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  long munmap(long address, long bytes) {
    try {
      return result((int) munmap.invokeExact(state, address, bytes));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  long mprotect(long address, long bytes, int prot) {
    try {
      return result((int) mprotect.invokeExact(state, address, bytes, prot));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  long madvise(long address, long bytes, int advice) {
    try {
      return result((int) madvise.invokeExact(state, address, bytes, advice));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  long mremap(long address, long oldBytes, long newBytes, int flags, long newAddress) {
    try {
      return result(
          (long) mremap.invokeExact(state, address, oldBytes, newBytes, flags, newAddress));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads four bytes at an address that can be read. */
  int read(long address) {
    return MemorySegment.ofAddress(address).reinterpret(4).get(INT, 0);
  }

  /** Writes four bytes to an address that can be written. */
  void write(long address, int value) {
    MemorySegment.ofAddress(address).reinterpret(4).set(INT, 0, value);
  }

  /** The areas of [start, end), one a line: bounds from start, rights. */
  List<String> maps(long start, long end) {
    List<String> areas = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
        int dash = line.indexOf('-');
        int space = line.indexOf(' ');
        long from = Long.parseUnsignedLong(line.substring(0, dash), 16);
        long to = Long.parseUnsignedLong(line.substring(dash + 1, space), 16);
        if (from >= start && to <= end) {
          areas.add(
              "%x-%x %s".formatted(from - start, to - start, line.substring(space + 1, space + 5)));
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return areas;
  }

  @Override
  public void close() {
    arena.close();
  }
}
