package org.memarium.kernel.exec;

/**
 * {@code Elf32_Phdr}: one entry of the program header table. Numbers are 32 bits, unsigned.
 *
 * <pre>
 *   0      4        8       12      16       20      24      28      32
 *  +------+--------+-------+-------+--------+-------+-------+-------+
 *  | type | offset | vaddr | paddr | filesz | memsz | flags | align |
 *  +------+--------+-------+-------+--------+-------+-------+-------+
 * </pre>
 *
 * @param type one of the constants here
 * @param offset in the file
 * @param address {@code p_vaddr}: linear address, as linked
 * @param fileBytes how many bytes come from the file
 * @param memoryBytes how many bytes it takes in memory; those behind the file's are zero
 * @param flags {@link #READ}, {@link #WRITE}, {@link #EXECUTE}
 * @param alignment a power of two, or 0
 */
record ElfSegment(
    int type,
    long offset,
    long address,
    long fileBytes,
    long memoryBytes,
    int flags,
    long alignment) {
  /** {@code PT_LOAD}: to be mapped. */
  static final int LOAD = 1;

  /** {@code PT_INTERP}: the path of the interpreter. */
  static final int INTERP = 3;

  /** {@code PT_GNU_STACK}: its flags say whether the stack is executable. */
  static final int GNU_STACK = 0x6474e551;

  /** {@code PF_X}. */
  static final int EXECUTE = 1;

  /** {@code PF_W}. */
  static final int WRITE = 2;

  /** {@code PF_R}. */
  static final int READ = 4;

  /** {@code sizeof(Elf32_Phdr)}. */
  static final int BYTES = 32;

  /** Whether it is to be mapped. */
  boolean isLoad() {
    return type == LOAD;
  }
}
