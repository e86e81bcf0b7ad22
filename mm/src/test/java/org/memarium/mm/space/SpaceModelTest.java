package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.memarium.mm.space.MmapFlags.MAP_ANONYMOUS;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED_NOREPLACE;
import static org.memarium.mm.space.MmapFlags.MAP_PRIVATE;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.ProcessorException;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.file.TestFile;

/**
 * Long random sequences of calls, against {@link SpaceModel}: results, areas, and what the pages
 * hold; everything is recounted as it goes. On failure the shortest sequence found is printed.
 */
final class SpaceModelTest {
  private static final long PAGE = 4096;
  private static final long WINDOW = 0x1000_0000L;
  private static final int WINDOW_PAGES = 48;
  private static final int HEAP_PAGE = 24;
  private static final int FILE_PAGES = 20;

  /** A page below the heap that stays: the heap does not merge downwards, what is below might. */
  private static final long SEPARATOR = WINDOW + (HEAP_PAGE - 1) * PAGE;

  private static final long START_BRK = WINDOW + HEAP_PAGE * PAGE;

  private static final int MODELLED =
      SpaceModel.MAPPED | SpaceModel.SHARED | SpaceModel.ACCOUNTED | 7;

  private record Op(String call, long address, long bytes, int prot, int flags, int offset) {}

  private static Op randomOp(Random random, boolean touches) {
    int page = random.nextInt(WINDOW_PAGES);
    int count = 1 + Math.min(random.nextInt(12), random.nextInt(12));
    if (page < HEAP_PAGE) {
      // Not the separator.
      page = Math.min(page, HEAP_PAGE - 2);
      count = Math.min(count, HEAP_PAGE - 1 - page);
    }
    long address = WINDOW + page * PAGE;
    long bytes = count * PAGE - random.nextInt(3) % 2;
    int prot = new int[] {0, 1, 3, 3, 3, 5, 7}[random.nextInt(7)];
    int kind = random.nextInt(touches ? 16 : 10);
    if (kind == 0) {
      // What is wrong, and what is large.
      return switch (random.nextInt(6)) {
        case 0 -> new Op("mmap", address + 1, bytes, prot, 0x32, 0);
        case 1 -> new Op("mmap", address, 0, prot, 0x22, 0);
        case 2 -> new Op("munmap", address + 8, bytes, 0, 0, 0);
        case 3 -> new Op("mmap", 0xbfff_f000L, 2 * PAGE, prot, 0x32, 0);
        case 4 -> new Op("mmap", 0x1000, PAGE, prot, random.nextBoolean() ? 0x32 : 0x22, 0);
        default -> new Op("mmap", 0, random.nextInt(0x7000_0000), 1, 0x22, 0);
      };
    }
    return switch (kind) {
      case 1, 2, 3, 4 -> {
        int flags = random.nextInt(4) == 0 ? MAP_SHARED : MAP_PRIVATE;
        if (random.nextInt(3) > 0) {
          flags |= MAP_ANONYMOUS;
        }
        int place = random.nextInt(8);
        flags |= place < 4 ? MAP_FIXED : place < 5 ? MAP_FIXED_NOREPLACE : 0;
        yield new Op(
            "mmap", place == 7 ? 0 : address, bytes, prot, flags, random.nextInt(FILE_PAGES));
      }
      case 5, 6 -> new Op("munmap", address, bytes, 0, 0, 0);
      case 7, 8 -> new Op("mprotect", address, bytes, prot, 0, 0);
      case 9 ->
          new Op("brk", START_BRK + random.nextInt(10) * PAGE - random.nextInt(2), 0, 0, 0, 0);
      default ->
          new Op(random.nextBoolean() ? "write" : "read", address, 0, 0, random.nextInt(), 0);
    };
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void areasAreTheFewestThatHoldThePagesOfTheModel(long seed) {
    check(seed, 1000, false);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16})
  void pagesHoldWhatTheModelHolds(long seed) {
    check(seed, 1000, true);
  }

  private static void check(long seed, int steps, boolean touches) {
    Random random = new Random(seed);
    List<Op> ops = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      ops.add(randomOp(random, touches));
    }
    boolean limited = seed % 2 == 0;
    String failure = run(ops, limited, touches);
    if (failure != null) {
      List<Op> shortest = shrink(ops, limited, touches);
      fail(
          "seed %d: %s; shortest: %s%n%s"
              .formatted(
                  seed,
                  failure,
                  run(shortest, limited, touches),
                  String.join("\n", shortest.stream().map(Op::toString).toList())));
    }
  }

  private static List<Op> shrink(List<Op> failing, boolean limited, boolean touches) {
    List<Op> best = new ArrayList<>(failing);
    for (int chunk = best.size() / 2; chunk > 0; chunk /= 2) {
      for (int at = 0; at + chunk <= best.size(); ) {
        List<Op> shorter = new ArrayList<>(best.subList(0, at));
        shorter.addAll(best.subList(at + chunk, best.size()));
        if (run(shorter, limited, touches) != null) {
          best = shorter;
        } else {
          at += chunk;
        }
      }
    }
    return best;
  }

  /** Runs a sequence here and in the model; returns the first difference, or null. */
  private static @Nullable String run(List<Op> ops, boolean limited, boolean touches) {
    try (TestSpace space = TestSpace.i386()) {
      return new Run(space, limited, touches).run(ops);
    } catch (IllegalStateException broken) {
      return broken.toString();
    }
  }

  private static final class Run {
    private final TestSpace space;
    private final MmStruct mm;
    private final SpaceModel model;
    private final TestFile file;
    private final boolean touches;

    /** What was written: by page of the private memory, of the file, of the shared memory. */
    private final Map<String, Integer> content = new HashMap<>();

    Run(TestSpace space, boolean limited, boolean touches) {
      this.space = space;
      this.mm = space.mm;
      this.touches = touches;
      space.limits.set(RLimits.STACK, RLimits.INFINITY, RLimits.INFINITY);
      mm.unmappedArea().pickLayout(false, null);
      mm.heap().setBrk(START_BRK, START_BRK);
      file = TestFile.of(space.pageCache, FILE_PAGES * (int) PAGE);
      model =
          new SpaceModel(
              mm.layout(), mm.unmappedArea().mmapBase(), space.manager.mmapMinAddress(), START_BRK);
      assertEquals(0x2000_0000L, mm.unmappedArea().mmapBase());
      both(new Op("mmap", SEPARATOR, PAGE, 0, 0x31, 0));
      if (limited) {
        space.limits.set(RLimits.AS, 40 * PAGE, RLimits.INFINITY);
        space.limits.set(RLimits.DATA, 20 * PAGE, RLimits.INFINITY);
        model.asLimitPages = 40;
        model.dataLimitPages = 20;
      }
    }

    @Nullable String run(List<Op> ops) {
      int step = 0;
      for (Op op : ops) {
        String difference = both(op);
        if (difference == null && step % 16 == 0) {
          space.audit();
          difference = compareAreas();
        }
        if (difference != null) {
          return "step %d, %s: %s".formatted(step, op, difference);
        }
        step++;
      }
      return compareAreas();
    }

    private @Nullable String both(Op op) {
      boolean anonymous = (op.flags & MAP_ANONYMOUS) != 0;
      long expected;
      long result;
      switch (op.call) {
        case "mmap" -> {
          expected =
              model.mmap(
                  op.address,
                  op.bytes,
                  op.prot,
                  op.flags,
                  anonymous && (op.flags & MAP_SHARED) != 0 ? 0 : op.offset);
          forget(expected, op.bytes);
          result =
              mm.mmap(op.address, op.bytes, op.prot, op.flags, anonymous ? null : file, op.offset);
        }
        case "munmap" -> {
          expected = model.munmap(op.address, op.bytes);
          forget(expected == 0 ? op.address : -1, op.bytes);
          result = mm.munmap(op.address, op.bytes);
        }
        case "mprotect" -> {
          expected = model.mprotect(op.address, op.bytes, op.prot);
          result = mm.mprotect(op.address, op.bytes, op.prot);
        }
        case "brk" -> {
          long before = model.brk;
          expected = model.brk(op.address);
          forget(expected < before ? pageUp(expected) : -1, pageUp(before) - pageUp(expected));
          result = mm.brk(op.address);
        }
        case "write" -> {
          return write(op.address, op.flags);
        }
        default -> {
          return read(op.address);
        }
      }
      return expected == result ? null : "%d instead of %d".formatted(result, expected);
    }

    private static long pageUp(long address) {
      return (address + PAGE - 1) / PAGE * PAGE;
    }

    /** Private pages of a range are gone. */
    private void forget(long address, long bytes) {
      if (address >= 0 && touches) {
        for (long at = address; at < address + Math.min(bytes, 256 * PAGE); at += PAGE) {
          content.remove("private " + at / PAGE);
        }
      }
    }

    private String key(long address) {
      int page = (int) (address / PAGE);
      int state = model.state[page];
      if ((state & SpaceModel.SHARED) == 0) {
        return "private " + page;
      }
      return (state & SpaceModel.FILE) != 0
          ? "file " + model.filePage[page]
          : "shared " + (state >>> SpaceModel.NUMBER_SHIFT) + " " + model.filePage[page];
    }

    private String expectedRead(long address, int right) {
      int page = (int) (address / PAGE);
      int state = model.state[page];
      if (state == SpaceModel.FREE) {
        return "SEGV_MAPERR";
      }
      boolean readable = right == 2 ? (state & 2) != 0 : (state & 7) != 0;
      if (!readable) {
        return "SEGV_ACCERR";
      }
      boolean isFile = (state & SpaceModel.FILE) != 0;
      if (isFile && model.filePage[page] >= FILE_PAGES) {
        return "SIGBUS";
      }
      Integer own = content.get(key(address));
      if (own == null && isFile) {
        own = content.get("file " + model.filePage[page]);
      }
      int unwritten = isFile ? 0x0101_0101 * (model.filePage[page] + 1) : 0;
      return Integer.toString(own == null ? unwritten : own);
    }

    private @Nullable String read(long address) {
      String expected = expectedRead(address, 1);
      String got;
      try {
        got = Integer.toString(space.mmu.readInt(address));
      } catch (ProcessorException fault) {
        got = space.faults.lastResult().toString();
      }
      return got.equals(expected) ? null : "read %s instead of %s".formatted(got, expected);
    }

    private @Nullable String write(long address, int value) {
      String expected = expectedRead(address, 2);
      String got = "";
      try {
        space.mmu.writeInt(address, value);
      } catch (ProcessorException fault) {
        got = space.faults.lastResult().toString();
      }
      if (expected.startsWith("S")) {
        return got.equals(expected) ? null : "wrote: %s instead of %s".formatted(got, expected);
      }
      content.put(key(address), value);
      return got.isEmpty() ? read(address) : "wrote: " + got;
    }

    private @Nullable String compareAreas() {
      return touches ? comparePages() : compareExactly();
    }

    private @Nullable String compareExactly() {
      List<String> areas = new ArrayList<>();
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        areas.add(describe(area, area.start(), area.end()));
      }
      List<String> expected = model.areas();
      return areas.equals(expected) ? null : "areas %s instead of %s".formatted(areas, expected);
    }

    /** Where pages were written, neighbours may stay apart: what counts is each page. */
    private @Nullable String comparePages() {
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        int page = (int) (area.start() / PAGE);
        for (int i = 0; i < area.pages(); i++) {
          int state = model.state[page + i] & MODELLED;
          if (state != stateOf(area) || model.filePage[page + i] != area.pageOffset() + i) {
            return "area %s, but page 0x%x is %x".formatted(area, page + i, state);
          }
        }
      }
      return mm.accounting().totalVm() == model.total()
          ? null
          : "%d pages instead of %d".formatted(mm.accounting().totalVm(), model.total());
    }

    private static int stateOf(Vma area) {
      int state = SpaceModel.MAPPED | (area.flags() & 7);
      state |= area.has(VmFlags.SHARED) ? SpaceModel.SHARED : 0;
      state |= area.has(VmFlags.ACCOUNT) ? SpaceModel.ACCOUNTED : 0;
      return state;
    }

    private static String describe(Vma area, long start, long end) {
      return SpaceModel.describe(start, end, stateOf(area), area.pageIndex(start));
    }
  }
}
