package org.memarium.app.shell;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;

/** The arguments of a command, as what they are meant to be. */
final class Arguments {
  private final Session session;
  private final String suffix;
  private final List<String> words;

  /**
   * The arguments of one line.
   *
   * @param suffix what stood behind a slash in the command's own word: {@code 16xw} of x/16xw
   */
  Arguments(Session session, String suffix, List<String> words) {
    this.session = session;
    this.suffix = suffix;
    this.words = words;
  }

  String suffix() {
    return suffix;
  }

  int count() {
    return words.size();
  }

  boolean has(int index) {
    return index < words.size();
  }

  String word(int index) {
    return words.get(index);
  }

  /** The words from here on. */
  List<String> from(int index) {
    return words.subList(Math.min(index, words.size()), words.size());
  }

  /** Arguments without the first ones. */
  Arguments without(int first) {
    return new Arguments(session, suffix, from(first));
  }

  /** A number from {@code least} to {@code most}. */
  long number(int index, String what, long least, long most) {
    long value = any(index, what);
    if (value < least || value > most) {
      throw new ShellError(
          "%s: %s is not from %,d to %,d".formatted(what, word(index), least, most));
    }
    return value;
  }

  private long any(int index, String what) {
    return Numbers.parse(what, word(index), session::symbol);
  }

  int order(int index) {
    return (int) number(index, "ORDER", 0, 63);
  }

  /** Bytes of an allocation. */
  long bytes(int index) {
    return number(index, "SIZE", 0, Long.MAX_VALUE);
  }

  /** A linear address. */
  long address(int index) {
    return any(index, "ADDRESS") & session.addressMask();
  }

  /** A page frame number that is one of the machine's. */
  int pfn(int index) {
    long frames = session.machine().memory().memMap().frames();
    long pfn = any(index, "PFN");
    if (pfn < 0 || pfn >= frames) {
      throw new ShellError(
          "PFN: %s is no frame; they are 0x0 to 0x%x".formatted(word(index), frames - 1));
    }
    return (int) pfn;
  }

  /** GFP flags; {@code GFP_KERNEL} if the argument is not there. */
  int gfp(int index) {
    return has(index) ? FlagNames.GFP.parse(word(index)) : Gfp.GFP_KERNEL;
  }

  /** A value to be written, signed or unsigned, of so many bytes. */
  long value(int index, int bytes) {
    String text = word(index);
    boolean negative = text.startsWith("-");
    long value = Numbers.parse("VALUE", negative ? text.substring(1) : text, session::symbol);
    long signed = negative ? -value : value;
    if (bytes < 8 && (signed >= 1L << (8 * bytes) || signed < -(1L << (8 * bytes - 1)))) {
      throw new ShellError(
          "VALUE: %s does not fit in %s".formatted(text, Output.count(bytes, "byte")));
    }
    return signed;
  }

  /** Pages that hold so many bytes. */
  static long pages(long bytes) {
    return (bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
  }

  /** The word, or null where there is none. */
  @Nullable String optional(int index) {
    return has(index) ? word(index) : null;
  }
}
