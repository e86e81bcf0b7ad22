package org.memarium.malloc;

/**
 * A program's error with its heap: where glibc prints a line and aborts. The heap is as it was
 * before the call.
 */
public final class HeapErrorException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What is wrong. */
  public enum Kind {
    /** The block is free already, or the address lies in memory that is. */
    DOUBLE_FREE("double free"),
    /** The allocator has never seen the address. */
    FOREIGN_POINTER("foreign pointer"),
    /** The address lies within a block, and is not its start. */
    INTERIOR_POINTER("interior pointer"),
    /** What the allocator wrote beside a block, or into a free one, is there no more. */
    CORRUPTED_HEADER("corrupted header");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** Its name in messages. */
    public String words() {
      return words;
    }
  }

  private final Kind kind;
  private final long address;

  /**
   * An error.
   *
   * @param call who found it, such as {@code free}
   * @param address the pointer that was passed, or the header that is wrong
   * @param evidence what was found there, in words
   */
  public HeapErrorException(Kind kind, String call, long address, String evidence) {
    super("%s(): %s %s (%s)".formatted(call, kind.words, describe(kind, address), evidence));
    this.kind = kind;
    this.address = address;
  }

  private static String describe(Kind kind, long address) {
    return (kind == Kind.DOUBLE_FREE ? "of " : kind == Kind.CORRUPTED_HEADER ? "at " : "")
        + "0x%08x".formatted(address);
  }

  /** What is wrong. */
  public Kind kind() {
    return kind;
  }

  /** The pointer that was passed, or the header that is wrong. */
  public long address() {
    return address;
  }
}
