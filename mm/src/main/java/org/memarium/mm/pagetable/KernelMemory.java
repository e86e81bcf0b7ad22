package org.memarium.mm.pagetable;

import org.memarium.hardware.Mmu;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;

/**
 * The kernel's own view of memory: reads and writes at linear addresses of the kernel's half, with
 * supervisor privilege and through the MMU, whichever process's page table is loaded. So what
 * kmalloc, vmalloc, kmap and the page allocator return can be used as the kernel uses it.
 *
 * <p>Values are little-endian, at any alignment, and may cross pages. A write that is not possible
 * to its last byte changes nothing. Each method throws {@link IllegalArgumentException} with one
 * line where an address is not mapped, is read-only, or is not the kernel's.
 */
public final class KernelMemory {
  private static final int OFFSET_MASK = Ram.PAGE_SIZE - 1;

  private final Mmu mmu;
  private final Ram ram;
  private final long start;
  private final long last;

  /** The kernel's half as an MMU translates it. */
  public KernelMemory(Mmu mmu, Architecture architecture) {
    this.mmu = mmu;
    this.ram = mmu.ram();
    this.start = architecture.kernelStart();
    this.last = mmu.format().linearBits() == 32 ? 0xffff_ffffL : -1L;
  }

  /** Reads one byte, zero-extended. */
  public int readByte(long linearAddress) {
    return ram.getByte(forRead(linearAddress)) & 0xff;
  }

  /** Reads four bytes. */
  public int readInt(long linearAddress) {
    return (int) read(linearAddress, 4);
  }

  /** Reads eight bytes. */
  public long readLong(long linearAddress) {
    return read(linearAddress, 8);
  }

  /** Writes one byte. */
  public void writeByte(long linearAddress, int value) {
    long physical = forWrite(linearAddress);
    mmu.noticeWrite(physical, 1);
    ram.putByte(physical, (byte) value);
  }

  /** Writes four bytes. */
  public void writeInt(long linearAddress, int value) {
    if ((linearAddress & OFFSET_MASK) <= Ram.PAGE_SIZE - Integer.BYTES) {
      long physical = forWrite(linearAddress);
      mmu.noticeWrite(physical, Integer.BYTES);
      ram.putInt(physical, value);
    } else {
      writeBytes(linearAddress, Integer.BYTES, value);
    }
  }

  /** Writes eight bytes. */
  public void writeLong(long linearAddress, long value) {
    if ((linearAddress & OFFSET_MASK) <= Ram.PAGE_SIZE - Long.BYTES) {
      long physical = forWrite(linearAddress);
      mmu.noticeWrite(physical, Long.BYTES);
      ram.putLong(physical, value);
    } else {
      writeBytes(linearAddress, Long.BYTES, value);
    }
  }

  private long read(long linearAddress, int bytes) {
    if ((linearAddress & OFFSET_MASK) <= Ram.PAGE_SIZE - bytes) {
      long physical = forRead(linearAddress);
      return bytes == 4 ? ram.getInt(physical) : ram.getLong(physical);
    }
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | readByte(linearAddress + i);
    }
    return value;
  }

  /** Across a page boundary. */
  private void writeBytes(long linearAddress, int bytes, long value) {
    probe(linearAddress, bytes);
    for (int i = 0; i < bytes; i++) {
      writeByte(linearAddress + i, (int) (value >>> (8 * i)));
    }
  }

  /** Copies {@code bytes} bytes of memory into {@code to} from index {@code offset}. */
  public void read(long linearAddress, byte[] to, int offset, int bytes) {
    for (int done = 0; done < bytes; ) {
      long at = linearAddress + done;
      int count = inPage(at, bytes - done);
      ram.read(forRead(at), to, offset + done, count);
      done += count;
    }
  }

  /** Copies {@code bytes} bytes of {@code from}, from index {@code offset}, into memory. */
  public void write(long linearAddress, byte[] from, int offset, int bytes) {
    probe(linearAddress, bytes);
    for (int done = 0; done < bytes; ) {
      long at = linearAddress + done;
      int count = inPage(at, bytes - done);
      ram.write(forWrite(at), from, offset + done, count);
      done += count;
    }
  }

  /** {@code memset}. */
  public void fill(long linearAddress, long bytes, int value) {
    probe(linearAddress, bytes);
    for (long done = 0; done < bytes; ) {
      long at = linearAddress + done;
      int count = inPage(at, bytes - done);
      ram.fill(forWrite(at), count, (byte) value);
      done += count;
    }
  }

  private void probe(long linearAddress, long bytes) {
    for (long done = 0; done < bytes; ) {
      forWrite(linearAddress + done);
      done += inPage(linearAddress + done, bytes - done);
    }
  }

  private static int inPage(long linearAddress, long bytes) {
    return (int) Math.min(bytes, Ram.PAGE_SIZE - (linearAddress & OFFSET_MASK));
  }

  private long forRead(long linearAddress) {
    check(linearAddress);
    try {
      return mmu.supervisorPhysicalForRead(linearAddress);
    } catch (ProcessorException e) {
      throw oops("read", linearAddress, e);
    }
  }

  private long forWrite(long linearAddress) {
    check(linearAddress);
    try {
      return mmu.supervisorPhysicalForWrite(linearAddress);
    } catch (ProcessorException e) {
      throw oops("write", linearAddress, e);
    }
  }

  private void check(long linearAddress) {
    if (Long.compareUnsigned(linearAddress, start) < 0
        || Long.compareUnsigned(linearAddress, last) > 0) {
      throw new IllegalArgumentException(
          "0x%08x is no kernel address: those begin at 0x%08x".formatted(linearAddress, start));
    }
  }

  private static IllegalArgumentException oops(String access, long address, ProcessorException e) {
    return new IllegalArgumentException(
        "unable to handle kernel paging request at 0x%08x (%s, error code 0x%x)"
            .formatted(address, access, e.errorCode()),
        e);
  }
}
