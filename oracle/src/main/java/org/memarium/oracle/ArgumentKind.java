package org.memarium.oracle;

import static org.memarium.mm.space.MmapFlags.MREMAP_DONTUNMAP;

import java.util.List;
import java.util.StringJoiner;

/** What an argument of a call is: decides how a report spells it, and what stands for it. */
enum ArgumentKind {
  ADDRESS,
  LENGTH,
  NUMBER,
  FD,
  ADVICE,
  PROT,
  MAP,
  REMAP,

  /** The slot of a process: each side puts its process number there. */
  PID,

  /** The how-manieth segment of shared memory: each side puts its identifier there. */
  SHM,

  /** The same segment's place in the table of all. */
  SHM_PLACE,

  /** One of {@link ProcFile#OPENED}. */
  PROC_FILE,

  /** One of {@link ProcFile#TEXTS}. */
  PROC_TEXT;

  private record Bit(int value, String name) {}

  private static final List<Bit> PROTS =
      List.of(
          new Bit(1, "PROT_READ"),
          new Bit(2, "PROT_WRITE"),
          new Bit(4, "PROT_EXEC"),
          new Bit(8, "PROT_SEM"),
          new Bit(0x0100_0000, "PROT_GROWSDOWN"),
          new Bit(0x0200_0000, "PROT_GROWSUP"));

  private static final List<Bit> MAPS =
      List.of(
          new Bit(1, "MAP_SHARED"),
          new Bit(2, "MAP_PRIVATE"),
          new Bit(8, "MAP_DROPPABLE"),
          new Bit(0x10, "MAP_FIXED"),
          new Bit(0x20, "MAP_ANONYMOUS"),
          new Bit(0x40, "MAP_32BIT"),
          new Bit(0x100, "MAP_GROWSDOWN"),
          new Bit(0x800, "MAP_DENYWRITE"),
          new Bit(0x1000, "MAP_EXECUTABLE"),
          new Bit(0x2000, "MAP_LOCKED"),
          new Bit(0x4000, "MAP_NORESERVE"),
          new Bit(0x8000, "MAP_POPULATE"),
          new Bit(0x1_0000, "MAP_NONBLOCK"),
          new Bit(0x2_0000, "MAP_STACK"),
          new Bit(0x4_0000, "MAP_HUGETLB"),
          new Bit(0x8_0000, "MAP_SYNC"),
          new Bit(0x10_0000, "MAP_FIXED_NOREPLACE"));

  private static final List<Bit> REMAPS =
      List.of(
          new Bit(1, "MREMAP_MAYMOVE"),
          new Bit(2, "MREMAP_FIXED"),
          new Bit(MREMAP_DONTUNMAP, "MREMAP_DONTUNMAP"));

  /** Advice by number; a C programmer's names without MADV_. */
  private static final String[] ADVICES = {
    "NORMAL",
    "RANDOM",
    "SEQUENTIAL",
    "WILLNEED",
    "DONTNEED",
    "",
    "",
    "",
    "FREE",
    "REMOVE",
    "DONTFORK",
    "DOFORK",
    "MERGEABLE",
    "UNMERGEABLE",
    "HUGEPAGE",
    "NOHUGEPAGE",
    "DONTDUMP",
    "DODUMP",
    "WIPEONFORK",
    "KEEPONFORK",
    "COLD",
    "PAGEOUT",
    "POPULATE_READ",
    "POPULATE_WRITE",
    "DONTNEED_LOCKED",
    "COLLAPSE"
  };

  /** A value as a report shows it. */
  String text(int value) {
    return switch (this) {
      case ADDRESS, LENGTH -> "0x%x".formatted(value);
      case NUMBER -> value >= -1 && value < 100 ? "" + value : "0x%x".formatted(value);
      case FD -> "" + value;
      case ADVICE -> advice(value);
      case PROT -> value == 0 ? "PROT_NONE" : bits(PROTS, value);
      case MAP -> bits(MAPS, value);
      case REMAP -> bits(REMAPS, value);
      case PID -> isReference(value) ? "p" + value : "" + value;
      case SHM, SHM_PLACE -> isReference(value) ? "shm" + value : "" + value;
      case PROC_FILE -> ProcFile.OPENED.get(value).fileName();
      case PROC_TEXT -> ProcFile.TEXTS.get(value).fileName();
    };
  }

  /** Whether a value stands for something that each side has a number of its own for. */
  static boolean isReference(int value) {
    return value >= 0 && value < 0x1000;
  }

  /** Whether each side has a number of its own for what it is. */
  boolean isNumbered() {
    return this == PID || this == SHM || this == SHM_PLACE;
  }

  private static String advice(int value) {
    if (value >= 0 && value < ADVICES.length && !ADVICES[value].isEmpty()) {
      return "MADV_" + ADVICES[value];
    }
    return switch (value) {
      case 100 -> "MADV_HWPOISON";
      case 101 -> "MADV_SOFT_OFFLINE";
      case 102 -> "MADV_GUARD_INSTALL";
      case 103 -> "MADV_GUARD_REMOVE";
      default -> "advice " + value;
    };
  }

  private static String bits(List<Bit> names, int value) {
    StringJoiner text = new StringJoiner("|");
    int left = value;
    for (Bit bit : names) {
      if ((left & bit.value()) != 0) {
        text.add(bit.name());
        left &= ~bit.value();
      }
    }
    if (left != 0 || value == 0) {
      text.add("0x%x".formatted(left));
    }
    return text.toString();
  }
}
