package org.memarium.kernel.process;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Ram;

/**
 * {@code copy_from_user} and {@code copy_to_user}: the kernel's accesses on behalf of the program,
 * with the program's rights, through its page tables, faulting pages in as the program would.
 *
 * <p>Copies go page by page and say how far they came; everything else throws {@link
 * UserFaultException}, which a system call answers with EFAULT. Addresses from {@code TASK_SIZE} on
 * never belong to the program, whatever is mapped there.
 */
public final class UserMemory {
  private final Mmu mmu;
  private final Ram ram;
  private final long limit;
  private final int wordBytes;
  private final byte[] small = new byte[8];

  /**
   * The memory of whatever address space the MMU has loaded.
   *
   * @param mmu the machine's
   * @param limit {@code TASK_SIZE_MAX}: the first address that the kernel refuses unseen
   * @param wordBytes of a {@code long} of the kernel, 4 or 8
   */
  public UserMemory(Mmu mmu, long limit, int wordBytes) {
    this.mmu = mmu;
    this.ram = mmu.ram();
    this.limit = limit;
    this.wordBytes = wordBytes;
  }

  /** {@code access_ok}: whether the range lies below {@code TASK_SIZE_MAX}. */
  public boolean isUserRange(long linearAddress, long bytes) {
    return bytes <= limit && linearAddress >= 0 && linearAddress <= limit - bytes;
  }

  /**
   * Copies bytes in, as many as can be read.
   *
   * @return how many were copied; fewer than {@code count} only if the next one cannot be read
   */
  public int copyFromUser(long linearAddress, byte[] to, int offset, int count) {
    if (!isUserRange(linearAddress, count)) {
      return 0;
    }
    int done = 0;
    while (done < count) {
      long from = linearAddress + done;
      int chunk = Math.min(count - done, bytesInPage(from));
      try {
        ram.read(mmu.physicalForRead(from), to, offset + done, chunk);
      } catch (ProcessorException fault) {
        break;
      }
      done += chunk;
    }
    return done;
  }

  /**
   * Copies bytes out, as many as can be written.
   *
   * @return how many were copied; fewer than {@code count} only if the next one cannot be written
   */
  public int copyToUser(long linearAddress, byte[] from, int offset, int count) {
    if (!isUserRange(linearAddress, count)) {
      return 0;
    }
    int done = 0;
    while (done < count) {
      long to = linearAddress + done;
      int chunk = Math.min(count - done, bytesInPage(to));
      try {
        ram.write(mmu.physicalForWrite(to), from, offset + done, chunk);
      } catch (ProcessorException fault) {
        break;
      }
      done += chunk;
    }
    return done;
  }

  /**
   * {@code fault_in_user_writeable}: whether the program may write there; if so, the page is now
   * one that it may write without a fault.
   */
  public boolean canWrite(long linearAddress) {
    if (!isUserRange(linearAddress, 1)) {
      return false;
    }
    try {
      mmu.physicalForWrite(linearAddress);
      return true;
    } catch (ProcessorException fault) {
      return false;
    }
  }

  /** Copies all of it in, or throws. */
  public byte[] read(long linearAddress, int count) {
    byte[] bytes = new byte[count];
    if (copyFromUser(linearAddress, bytes, 0, count) < count) {
      throw new UserFaultException();
    }
    return bytes;
  }

  /** Copies all of it out, or throws. */
  public void write(long linearAddress, byte[] bytes) {
    if (copyToUser(linearAddress, bytes, 0, bytes.length) < bytes.length) {
      throw new UserFaultException();
    }
  }

  /** Reads four bytes. */
  public int readInt(long linearAddress) {
    return (int) readNumber(linearAddress, 4);
  }

  /** Reads four bytes, unsigned. */
  public long readUnsignedInt(long linearAddress) {
    return readNumber(linearAddress, 4) & 0xffff_ffffL;
  }

  /** Reads eight bytes. */
  public long readLong(long linearAddress) {
    return readNumber(linearAddress, 8);
  }

  /** Writes four bytes. */
  public void writeInt(long linearAddress, int value) {
    writeNumber(linearAddress, 4, value);
  }

  /** Writes eight bytes. */
  public void writeLong(long linearAddress, long value) {
    writeNumber(linearAddress, 8, value);
  }

  private long readNumber(long linearAddress, int bytes) {
    if (copyFromUser(linearAddress, small, 0, bytes) < bytes) {
      throw new UserFaultException();
    }
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (small[i] & 0xff);
    }
    return value;
  }

  private void writeNumber(long linearAddress, int bytes, long value) {
    for (int i = 0; i < bytes; i++) {
      small[i] = (byte) (value >>> (8 * i));
    }
    if (copyToUser(linearAddress, small, 0, bytes) < bytes) {
      throw new UserFaultException();
    }
  }

  /**
   * {@code strncpy_from_user} ({@code lib/strncpy_from_user.c}): the same as {@link #readString},
   * but word by word from its beginning on, so that the page behind its NUL may come in, too.
   */
  public @Nullable String readName(long linearAddress, int maxBytes) {
    String text = readString(linearAddress, maxBytes);
    if (text != null) {
      int words = text.length() / wordBytes + 1;
      long last = linearAddress + (long) words * wordBytes - 1;
      boolean crosses =
          bytesInPage(linearAddress + text.length()) <= last - linearAddress - text.length();
      if (crosses && words * wordBytes <= maxBytes) {
        copyFromUser(last, small, 0, 1);
      }
    }
    return text;
  }

  /**
   * Reads a string up to its NUL.
   *
   * @param maxBytes how many bytes to look at, the NUL included
   * @return the string without its NUL, each char one byte; null if no NUL was among them
   * @throws UserFaultException if it runs into what cannot be read
   */
  public @Nullable String readString(long linearAddress, int maxBytes) {
    StringBuilder text = new StringBuilder();
    long at = linearAddress;
    byte[] page = new byte[Math.min(Ram.PAGE_SIZE, maxBytes)];
    while (text.length() < maxBytes) {
      int chunk = Math.min(Math.min(bytesInPage(at), page.length), maxBytes - text.length());
      // The range check is per chunk: a string may end just below TASK_SIZE.
      if (copyFromUser(at, page, 0, chunk) < chunk) {
        throw new UserFaultException();
      }
      for (int i = 0; i < chunk; i++) {
        if (page[i] == 0) {
          return text.append(new String(page, 0, i, StandardCharsets.ISO_8859_1)).toString();
        }
      }
      text.append(new String(page, 0, chunk, StandardCharsets.ISO_8859_1));
      at += chunk;
    }
    return null;
  }

  private static int bytesInPage(long linearAddress) {
    return Ram.PAGE_SIZE - (int) (linearAddress & (Ram.PAGE_SIZE - 1));
  }
}
