package org.memarium.kernel.exec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.space.MmStruct;

/**
 * What a new program finds on its stack; Linux {@code fs/exec.c}, {@code copy_strings}, and {@code
 * fs/binfmt_elf.c}, {@code create_elf_tables}.
 *
 * <pre>
 *   stack top  +--------------------------------------------+
 *              | a null pointer of the kernel               |
 *              | path of the program            AT_EXECFN   |
 *              | strings of envp                            |
 *              | strings of argv                            |  <- arg_start
 *              +--------------------------------------------+
 *              | alignment to 16                            |
 *              | "i686"                         AT_PLATFORM |
 *              | 16 random bytes                AT_RANDOM   |
 *              | alignment to 16                            |
 *              | auxiliary vector                           |
 *              | envp, null                                 |
 *              | argv, null                                 |
 *   esp        | argc                                       |  a multiple of 16
 *              +--------------------------------------------+
 * </pre>
 */
final class StackImage {
  /** {@code MAX_ARG_STRLEN}: with its NUL. */
  private static final int MAX_STRING_BYTES = 131_072;

  /** {@code _STK_LIM / 4 * 3}: the most that strings may take whatever the stack's limit is. */
  private static final long MAX_STRINGS_BYTES = (8L << 20) / 4 * 3;

  /** {@code ARG_MAX}: what they may take in any case. */
  private static final long MIN_STRINGS_BYTES = 131_072;

  private final MmStruct mm;
  private final FaultHandler faults;
  private final Ram ram;
  private final String program;
  private final long lowest;

  private String path = "";
  private long at;
  private long pathAddress;
  private long envEnd;
  private long envStart;
  private long argStart;

  /**
   * An empty stack, below its top.
   *
   * @param mm the new address space; its stack area is there
   * @param stackTop first address above it
   * @param wordBytes bytes of a pointer of the kernel
   * @param pointers how many argv and envp will need together
   * @param stackLimit the soft RLIMIT_STACK, unsigned
   */
  StackImage(
      MmStruct mm,
      FaultHandler faults,
      Ram ram,
      String program,
      long stackTop,
      int wordBytes,
      long pointers,
      long stackLimit) {
    this.mm = mm;
    this.faults = faults;
    this.ram = ram;
    this.program = program;
    this.at = stackTop - wordBytes;
    long quarter = stackLimit >>> 2;
    long limit = Math.max(Math.min(MAX_STRINGS_BYTES, quarter), MIN_STRINGS_BYTES);
    long pointerBytes = pointers * wordBytes;
    if (limit <= pointerBytes) {
      throw tooLong();
    }
    lowest = at - (limit - pointerBytes);
  }

  private ExecException tooLong() {
    return new ExecException(
        Errno.E2BIG, program + ": the arguments and the environment are too long");
  }

  /** Writes all strings, from the top down: the path, the environment, the arguments. */
  void pushStrings(String programPath, List<String> arguments, List<String> environment) {
    path = programPath;
    push(path);
    pathAddress = at;
    envEnd = at;
    for (int i = environment.size() - 1; i >= 0; i--) {
      push(environment.get(i));
    }
    envStart = at;
    for (int i = arguments.size() - 1; i >= 0; i--) {
      push(arguments.get(i));
    }
    argStart = at;
  }

  private void push(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    int length = bytes.length + 1;
    if (length > MAX_STRING_BYTES || at - length < lowest) {
      throw tooLong();
    }
    at -= length;
    byte[] whole = new byte[length];
    System.arraycopy(bytes, 0, whole, 0, bytes.length);
    // From the end on: the area grows down page by page.
    int end = length;
    while (end > 0) {
      long last = at + end - 1;
      int chunk = (int) Math.min(end, (last & (Ram.PAGE_SIZE - 1)) + 1);
      int pfn = faults.gup().getUserPage(mm, last, true);
      if (pfn < 0) {
        throw pfn == -Errno.ENOMEM
            ? new ExecException(Errno.ENOMEM, program + ": no memory for its arguments")
            : tooLong();
      }
      long physical = ((long) pfn << Ram.PAGE_SHIFT) + ((at + end - chunk) & (Ram.PAGE_SIZE - 1));
      ram.write(physical, whole, end - chunk, chunk);
      end -= chunk;
    }
  }

  /** The lowest address so far: where {@code arch_align_stack} begins. */
  long stringsStart() {
    return argStart;
  }

  /** The program's path, as it was given. */
  String path() {
    return path;
  }

  /** Address of the program's path: AT_EXECFN. */
  long pathAddress() {
    return pathAddress;
  }

  /**
   * Lays out argc, argv, envp and the auxiliary vector.
   *
   * @param below they end at or below this address
   * @param auxv its bytes
   * @return the address of argc: the program's stack pointer
   */
  long vectors(
      long below,
      List<String> arguments,
      List<String> environment,
      byte[] auxv,
      UserMemory memory) {
    int words = 1 + arguments.size() + 1 + environment.size() + 1;
    long stackPointer = (below - auxv.length - 4L * words) & ~15L;
    ByteBuffer out = ByteBuffer.allocate(4 * words + auxv.length).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(arguments.size());
    long string = argStart;
    for (String argument : arguments) {
      out.putInt((int) string);
      string += argument.length() + 1;
    }
    out.putInt(0);
    long argEnd = string;
    for (String variable : environment) {
      out.putInt((int) string);
      string += variable.length() + 1;
    }
    out.putInt(0).put(auxv);
    memory.write(stackPointer, out.array());
    mm.parts().setArguments(stackPointer, argStart, argEnd, envStart, envEnd);
    return stackPointer;
  }
}
