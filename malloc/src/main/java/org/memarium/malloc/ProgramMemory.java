package org.memarium.malloc;

import java.util.Arrays;
import org.memarium.kernel.JavaProgram;
import org.memarium.kernel.MemoryFaultException;
import org.memarium.kernel.syscall.SystemCallNames;

/**
 * The memory of a process of a machine: every access goes through TLB and page tables, and may
 * fault; every system call is the kernel's.
 */
public final class ProgramMemory implements ProcessMemory {
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final int MADV_DONTNEED = 4;

  private final JavaProgram program;
  private final int brk = SystemCallNames.number("brk");
  private final int mmap2 = SystemCallNames.number("mmap2");
  private final int munmap = SystemCallNames.number("munmap");
  private final int mremap = SystemCallNames.number("mremap");
  private final int madvise = SystemCallNames.number("madvise");

  /** The memory of a program that nobody else drives in the meantime. */
  public ProgramMemory(JavaProgram program) {
    this.program = program;
  }

  @Override
  public int readInt(long linearAddress) {
    return program.readInt(linearAddress);
  }

  @Override
  public void writeInt(long linearAddress, int value) {
    program.writeInt(linearAddress, value);
  }

  @Override
  public void read(long linearAddress, byte[] to, int offset, int count) {
    program.read(linearAddress, to, offset, count);
  }

  @Override
  public void write(long linearAddress, byte[] from, int offset, int count) {
    program.write(linearAddress, from, offset, count);
  }

  @Override
  public void fill(long linearAddress, long bytes, int value) {
    byte[] pattern = new byte[(int) Math.min(bytes, 0x1_0000)];
    Arrays.fill(pattern, (byte) value);
    for (long done = 0; done < bytes; done += pattern.length) {
      write(linearAddress + done, pattern, 0, (int) Math.min(pattern.length, bytes - done));
    }
  }

  @Override
  public boolean isReadable(long linearAddress) {
    try {
      program.readByte(linearAddress);
      return true;
    } catch (MemoryFaultException fault) {
      return false;
    }
  }

  @Override
  public long brk(long address) {
    return Integer.toUnsignedLong(program.call(brk, (int) address));
  }

  @Override
  public long mmap(long bytes) {
    return address(
        program.call(mmap2, 0, (int) bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0));
  }

  @Override
  public int munmap(long address, long bytes) {
    return program.call(munmap, (int) address, (int) bytes);
  }

  @Override
  public long mremap(long address, long oldBytes, long newBytes, int flags, long newAddress) {
    return address(
        program.call(
            mremap, (int) address, (int) oldBytes, (int) newBytes, flags, (int) newAddress));
  }

  @Override
  public int discard(long address, long bytes) {
    return program.call(madvise, (int) address, (int) bytes, MADV_DONTNEED);
  }

  /** An address, or a negative errno: those are the last page of the address space. */
  private static long address(int result) {
    return result < 0 && result >= -ProcessMemory.PAGE_BYTES + 1
        ? result
        : Integer.toUnsignedLong(result);
  }
}
