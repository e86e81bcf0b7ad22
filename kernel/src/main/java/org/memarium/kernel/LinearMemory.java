package org.memarium.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.Ram;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.pagetable.KernelMemory;
import org.memarium.mm.space.MemoryManager;

/**
 * Memory by linear address, from outside: the kernel's, and the running program's.
 *
 * <p>{@link #read} and {@link #write} act as the processor does: with the kernel's rights above
 * {@code PAGE_OFFSET}, with the program's below {@code TASK_SIZE}, bringing pages in where the
 * program would. {@link #peek} only looks: no page is brought in, no bit of a page table is set,
 * and no counter moves.
 *
 * <p>An address that cannot be reached is an {@link IllegalArgumentException} that names it.
 */
public final class LinearMemory {
  private final MemoryManager memory;
  private final Mmu mmu;
  private final KernelMemory kernelMemory;
  private final UserMemory userMemory;
  private final Supplier<@Nullable Task> running;
  private final long taskSize;

  LinearMemory(
      MemoryManager memory,
      KernelMemory kernelMemory,
      UserMemory userMemory,
      Supplier<@Nullable Task> running,
      long taskSize) {
    this.memory = memory;
    this.mmu = memory.mmu();
    this.kernelMemory = kernelMemory;
    this.userMemory = userMemory;
    this.running = running;
    this.taskSize = taskSize;
  }

  /** Whether an address belongs to programs. */
  public boolean isUser(long linearAddress) {
    return Long.compareUnsigned(linearAddress, taskSize) < 0;
  }

  /**
   * Physical address of the table in which an address is looked up: that of the running program for
   * its own addresses, {@code swapper_pg_dir}, which knows them all, for the kernel's.
   */
  public long topTable(long linearAddress) {
    Task task = running.get();
    return task == null || !isUser(linearAddress)
        ? memory.kernelPageTable().pgd()
        : task.requireMm().pages().tables().pgd();
  }

  /** Physical address behind a linear one as the page tables stand; -1 if there is none. */
  public long physicalAddress(long linearAddress) {
    return mmu.peek(topTable(linearAddress), linearAddress);
  }

  /** Looks at bytes, as the page tables stand. */
  public byte[] peek(long linearAddress, int count) {
    byte[] bytes = new byte[count];
    for (int done = 0; done < count; ) {
      long at = linearAddress + done;
      long physical = physicalAddress(at);
      if (physical < 0) {
        throw unreachable(at, isUser(at) ? "no page is mapped there" : "nothing is mapped there");
      }
      int chunk = Math.min(count - done, bytesInPage(at));
      mmu.ram().read(physical, bytes, done, chunk);
      done += chunk;
    }
    return bytes;
  }

  /** Reads bytes. */
  public byte[] read(long linearAddress, int count) {
    byte[] bytes = new byte[count];
    if (isUser(linearAddress)) {
      requireProgram(linearAddress);
      int done = userMemory.copyFromUser(linearAddress, bytes, 0, count);
      if (done < count) {
        throw unreachable(linearAddress + done, "the program may not read there");
      }
      return bytes;
    }
    kernelMemory.read(linearAddress, bytes, 0, count);
    return bytes;
  }

  /**
   * Writes bytes. Of a write to the program's memory that fails, the bytes before the address that
   * is named were written; one to the kernel's changes nothing then.
   */
  public void write(long linearAddress, byte[] bytes) {
    if (isUser(linearAddress)) {
      requireProgram(linearAddress);
      int done = userMemory.copyToUser(linearAddress, bytes, 0, bytes.length);
      if (done < bytes.length) {
        throw unreachable(linearAddress + done, "the program may not write there");
      }
      return;
    }
    kernelMemory.write(linearAddress, bytes, 0, bytes.length);
  }

  /** Reads four bytes, little-endian. */
  public int readInt(long linearAddress) {
    return ByteBuffer.wrap(read(linearAddress, Integer.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN)
        .getInt();
  }

  /** Writes four bytes, little-endian. */
  public void writeInt(long linearAddress, int value) {
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    write(linearAddress, bytes.putInt(value).array());
  }

  private void requireProgram(long linearAddress) {
    if (running.get() == null) {
      throw unreachable(linearAddress, "it is a program's, and none runs");
    }
  }

  private static int bytesInPage(long linearAddress) {
    return Ram.PAGE_SIZE - (int) (linearAddress & (Ram.PAGE_SIZE - 1));
  }

  private static IllegalArgumentException unreachable(long linearAddress, String why) {
    return new IllegalArgumentException(
        "address 0x%08x cannot be reached: %s".formatted(linearAddress, why));
  }
}
