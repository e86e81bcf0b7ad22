package org.memarium.kernel.exec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The auxiliary vector: pairs of a number and a value behind envp, and their numbers ({@code
 * include/uapi/linux/auxvec.h}, {@code arch/x86/include/uapi/asm/auxvec.h}).
 */
final class AuxiliaryVector {
  static final int AT_NULL = 0;
  static final int AT_PHDR = 3;
  static final int AT_PHENT = 4;
  static final int AT_PHNUM = 5;
  static final int AT_PAGESZ = 6;
  static final int AT_BASE = 7;
  static final int AT_FLAGS = 8;
  static final int AT_ENTRY = 9;
  static final int AT_UID = 11;
  static final int AT_EUID = 12;
  static final int AT_GID = 13;
  static final int AT_EGID = 14;
  static final int AT_PLATFORM = 15;
  static final int AT_HWCAP = 16;
  static final int AT_CLKTCK = 17;
  static final int AT_SECURE = 23;
  static final int AT_RANDOM = 25;
  static final int AT_HWCAP2 = 26;
  static final int AT_RSEQ_FEATURE_SIZE = 27;
  static final int AT_RSEQ_ALIGN = 28;
  static final int AT_EXECFN = 31;
  static final int AT_SYSINFO = 32;
  static final int AT_SYSINFO_EHDR = 33;
  static final int AT_MINSIGSTKSZ = 51;

  private final ByteBuffer bytes = ByteBuffer.allocate(64 * 8).order(ByteOrder.LITTLE_ENDIAN);

  /** Adds a pair. */
  AuxiliaryVector add(int type, long value) {
    bytes.putInt(type).putInt((int) value);
    return this;
  }

  /** The bytes with the closing AT_NULL. */
  byte[] toBytes() {
    byte[] result = new byte[bytes.position() + 8];
    bytes.get(0, result, 0, bytes.position());
    return result;
  }
}
